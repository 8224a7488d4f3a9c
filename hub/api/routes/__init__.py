"""The routes of the admin API: a module for each noun of the command line."""
