"""What a visitor takes home: folders, ZIP archives, HTML reports and figures for papers."""
