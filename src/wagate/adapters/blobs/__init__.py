"""Where the bytes of media can be: on disk, in S3, in memory."""
