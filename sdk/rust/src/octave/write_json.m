% Writes a value as JSON; what is not finite becomes null.
function write_json(path, value)
  f = fopen(path, "w");
  fputs(f, jsonencode(value));
  fclose(f);
end
