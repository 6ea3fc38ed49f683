"""Tables: rows and answers as columns, in the formats that tables travel in; needs pyarrow."""
