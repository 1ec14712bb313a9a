"""From a job to a farm: one plan, and a view of it for each farm manager."""
