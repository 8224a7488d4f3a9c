"""EasyPost: labels bought by API, tracking by webhook."""
