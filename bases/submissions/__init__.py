"""上报版本: what is kept of every submission, and how it is displayed and compared."""
