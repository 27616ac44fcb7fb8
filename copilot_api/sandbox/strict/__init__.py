"""What Copilot refuses, rule by rule, in the words it refuses it with. Sources: copilot-upstream.md §3.1, §6.1, §6.2, §8."""
