"""What a record is: schema, generated models, identifiers, errors."""
