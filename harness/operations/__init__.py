"""Operations: what the people on call have, and what the run left behind."""
