

Negativeis negative