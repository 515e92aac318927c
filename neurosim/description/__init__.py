"""What users write: models, populations, rules, inputs and recorders, checked as declared."""
