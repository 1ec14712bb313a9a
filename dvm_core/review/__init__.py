"""Look at mattes and judge them: comps, contact sheets, previews, measures over files."""
