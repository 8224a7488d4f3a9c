"""SAP ECC and S/4HANA by IDocs in XML files over SFTP."""
