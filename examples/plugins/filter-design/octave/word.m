% Measures the filter with its coefficients rounded to words.
p = jsondecode(fileread("params.json"));
m = measure(p, rounded(p, p.bits));
write_json("word.json", m);
