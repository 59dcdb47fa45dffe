"""The local database: tables, the writer, scoped readers, credentials. Knows no connector and no screen."""
