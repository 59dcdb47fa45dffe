"""What Customer Postgres's connector, `connectors/customer_postgres.py`, is made of."""
