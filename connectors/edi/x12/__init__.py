"""Trading partners that speak X12 EDI, through a mailbox of files."""
