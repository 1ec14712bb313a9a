"""What hosts and engine share: errors, the job, frame ranges, events. Standard library only, Python 3.7 syntax."""
