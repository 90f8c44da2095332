"""Files that a user can save: folders, ZIP archives, HTML reports and figures for papers."""
