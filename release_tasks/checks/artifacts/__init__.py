"""What was built is what was declared, before anything is public: each proof is a finding about files."""
