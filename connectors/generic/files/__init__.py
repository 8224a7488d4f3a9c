"""Files of any format, from and to an SFTP server or a directory."""
