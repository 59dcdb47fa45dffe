"""What Google Drive's connector, `connectors/google_drive.py`, is made of."""
