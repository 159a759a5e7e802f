"""What guard remembers: stores, the spool beside them, learning, flaky tests, the audit trail."""
