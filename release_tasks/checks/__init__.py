"""What is checked, when, and how it is reported: before anything changes, on built files, as published."""
