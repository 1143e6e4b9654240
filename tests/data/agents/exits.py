import sys
sys.exit("at import")
