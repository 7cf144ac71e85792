"""Every function killed, or overtaken by a repetition, before and after each of its effects: enumerated, not sampled."""
