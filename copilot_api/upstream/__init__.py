"""Everything said to GitHub and Copilot: who we are, whose account it is, what is sent and what comes back."""
