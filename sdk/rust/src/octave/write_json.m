% Writes a value as JSON, exactly; what is not finite becomes null.
function write_json (path, value)
  json = jsonencode (value);
  [file, reason] = fopen (path, "w");
  if (file < 0)
    error ("write_json: %s: %s", path, reason);
  endif
  fputs (file, json);
  if (fclose (file) != 0)
    error ("write_json: %s cannot be written", path);
  endif
endfunction

% JSON_TXT = jsonencode (OBJECT, "ConvertInfAndNaN", TF, "PrettyPrint", TF)
%
% As Octave's own function of this name, but exact: every finite number reads back bit for bit. Octave's own
% writes positive numbers below 2.2e-16 as 0, the real part of complex numbers, and text that is no UTF-8.
% NaN, NA, Inf and -Inf become null unless "ConvertInfAndNaN" is false.
function json = jsonencode (object, varargin)
  if (nargin < 1 || mod (nargin, 2) == 0)
    error ("Octave:invalid-fun-call", ...
           'Invalid call to jsonencode; use jsonencode (OBJECT, "ConvertInfAndNaN", TF, "PrettyPrint", TF)');
  endif
  [null, pretty] = options (varargin{:});
  % For values that lie deep in one another.
  max_recursion_depth (max (1024, max_recursion_depth ()), "local");
  json = encoded (object, null);
  if (pretty)
    json = indented (json);
  endif
endfunction

function [null, pretty] = options (varargin)
  null = true;
  pretty = false;
  for k = 1:2:numel (varargin)
    [name, value] = varargin{k:k+1};
    if (! ischar (name))
      error ("jsonencode: option must be a string");
    elseif (! (islogical (value) && isscalar (value)))
      error ("jsonencode: option value must be a logical scalar");
    endif
    switch (lower (name))
      case "convertinfandnan"
        null = value;
      case "prettyprint"
        pretty = value;
      otherwise
        error ('jsonencode: Valid options are "ConvertInfAndNaN" and "PrettyPrint"');
    endswitch
  endfor
endfunction

function json = encoded (x, null)
  if (ischar (x))
    json = strings (x);
  elseif (isnumeric (x) || islogical (x))
    json = numbers (x, null);
  elseif (isstruct (x))
    json = objects (x, null);
  elseif (iscell (x))
    json = listed (each (x, null));
  elseif (isa (x, "containers.Map"))
    json = map (x, null);
  elseif (is_function_handle (x))
    error ("jsonencode: a function handle cannot be written as JSON; write func2str (f)");
  else
    error ("jsonencode: a value of class %s cannot be written as JSON; convert it first, e.g. by double or char", ...
           class (x));
  endif
endfunction

function json = listed (tokens)
  if (isempty (tokens))
    json = "[]";
    return;
  endif
  tokens = tokens(:).';
  tokens(2,:) = {","};
  tokens{end} = "]";
  json = ["[", tokens{:}];
endfunction

% The JSON of each value of a cell array.
function tokens = each (values, null)
  values = values(:).';
  alike = all (cellfun ("numel", values) == 1) && all (cellfun ("isclass", values, "double"));
  if (alike && numel (values) > 8 && isreal ([values{:}]))
    tokens = ostrsplit (numbers ([values{:}], null)(2:end-1), ",");
  else
    tokens = cell (size (values));
    for k = 1:numel (values)
      tokens{k} = encoded (values{k}, null);
    endfor
  endif
endfunction

% Structs.

function json = objects (x, null)
  names = fieldnames (x);
  if (isempty (names))
    tokens = repmat ({"{}"}, 1, numel (x));
  else
    tokens = members (names, x, null);
  endif
  if (isscalar (x))
    json = tokens{1};
  else
    json = listed (tokens);
  endif
endfunction

% The JSON of each struct of an array. Goes field by field, which is fast for many alike.
function tokens = members (names, x, null)
  parts = cell (2 * numel (names) + 1, numel (x));
  separator = "{";
  for k = 1:numel (names)
    parts(2*k-1,:) = {[separator, quoted(names{k}), ":"]};
    parts(2*k,:) = each ({x.(names{k})}, null);
    separator = ",";
  endfor
  parts(end,:) = {"}"};
  tokens = cell (1, numel (x));
  for k = 1:numel (x)
    tokens{k} = [parts{:,k}];
  endfor
endfunction

function json = map (x, null)
  names = keys (x);
  if (! isempty (names) && ! ischar (names{1}))
    names = cellfun (@(key) scalar (double (key), true), names, "uniformoutput", false);
  endif
  tokens = each (values (x), null);
  for k = 1:numel (names)
    tokens{k} = [quoted(names{k}), ":", tokens{k}];
  endfor
  json = listed (tokens);
  json([1, end]) = "{}";
endfunction

% Text.

function json = strings (x)
  if (isempty (x))
    json = '""';
  elseif (numel (x) == max (size (x)))
    json = quoted (x(:).');
  else
    json = pages (x);
  endif
endfunction

% Rows of text are strings, nested as the other dimensions are.
function json = pages (x)
  sizes = size (x);
  order = [2, ndims(x):-1:3, 1];
  x = reshape (permute (x, order), sizes(2), []).';
  json = nested (cellfun (@quoted, num2cell (x, 2).', "uniformoutput", false), sizes([1, 3:end]));
endfunction

% Nested arrays of tokens; the last dimension runs fastest.
function json = nested (tokens, sizes)
  for count = fliplr (sizes)
    groups = reshape (tokens, count, []);
    tokens = cell (1, columns (groups));
    for k = 1:numel (tokens)
      tokens{k} = listed (groups(:,k));
    endfor
  endfor
  json = tokens{1};
endfunction

function json = quoted (text)
  bytes = double (text);
  if (any (bytes > 127))
    text = __u8_validate__ (text, "replace");
  endif
  if (any (bytes < 32) || any (bytes == 34) || any (bytes == 92))
    text = escaped (text);
  endif
  json = ['"', text, '"'];
endfunction

function text = escaped (text)
  text = strrep (strrep (text, '\', '\\'), '"', '\"');
  for code = unique (double (text(text < 32)))
    text = strrep (text, char (code), escape (code));
  endfor
endfunction

function text = escape (code)
  short = "btn fr";
  text = ['\u', sprintf("%04X", code)];
  if (code >= 8 && code <= 13 && code != 11)
    text = ['\', short(code - 7)];
  endif
endfunction

% Numbers.

function json = numbers (x, null)
  if (! isreal (x))
    error ("jsonencode: complex numbers cannot be written as JSON; write real (x) and imag (x)");
  endif
  x = full (x);
  sizes = size (x);
  count = numel (x);
  if (count == 0)
    json = "[]";
  elseif (count == 1)
    json = scalar (x, null);
  elseif (count > max (sizes))
    json = array (permute (x, ndims (x):-1:1)(:), sizes, null);
  elseif (count > 64 || isempty (json = short (x)))
    json = array (x(:), count, null);
  endif
endfunction

% A short vector of numbers of few digits, the most usual kind; empty when it is another.
function json = short (x)
  json = "";
  if (isa (x, "double") && all (isfinite (x)) && all (x))
    json = sprintf ("%.15g,", x);
    if (isequal (sscanf (json, "%f,"), x(:)) && all (abs (x) < 1e15))
      json = ["[", json(1:end-1), "]"];
    else
      json = "";
    endif
  endif
endfunction

% The numbers of a column, its last dimension running fastest. All of one form are printed by one call, and
% put into their places with brackets and commas: as fast as Octave can.
function json = array (x, sizes, null)
  depth = numel (sizes);
  [kind, forms] = forms_of (x, null);
  ends = ended (sizes, numel (x));
  parts = cell (1, numel (forms) + depth);
  places = cell (size (parts));
  for k = 1:numel (forms)
    places{k} = 2 * find (kind == k) - 1;
    parts{k} = printed (x(kind == k), forms{k});
  endfor
  for k = 0:depth-1
    places{end-k} = 2 * find (ends == k);
    parts{end-k} = repmat ([repmat("]", 1, k), ",", repmat("[", 1, k), "\n"], 1, numel (places{end-k}));
  endfor
  json = [repmat("[", 1, depth), woven(parts, places), repmat("]", 1, depth)];
endfunction

function json = scalar (x, null)
  if (isa (x, "double") && x == fix (x) && abs (x) < 1e15 && x != 0)
    json = sprintf ("%d", x);
  else
    [kind, forms] = forms_of (x, null);
    json = printed (x, forms{kind})(1:end-1);
  endif
endfunction

% Puts the lines of each text into their places among all lines.
function text = woven (parts, places)
  used = find (! cellfun (@isempty, parts));
  lengths = [];
  for k = used
    breaks = find (parts{k} == "\n");
    lengths(places{k}) = diff ([0, breaks]) - 1;
  endfor
  starts = cumsum (lengths) - lengths;
  text = blanks (sum (lengths));
  for k = used
    kept = parts{k} != "\n";
    begins = [0, find(! kept)];
    shift = starts(places{k}) - begins(1:end-1);
    line = cumsum (! kept) + kept;
    target = (1:numel (kept)) + shift(line);
    text(target(kept)) = parts{k}(kept);
  endfor
endfunction

% How many dimensions end behind each number; the last bracket is not counted.
function count = ended (sizes, numbers)
  count = zeros (1, numbers);
  for block = cumprod (fliplr (sizes(2:end)))
    count(block:block:end) += 1;
  endfor
  count(end) = -1;
endfunction

% The form each number is printed in, one of a few.
function [kind, forms] = forms_of (x, null)
  if (islogical (x))
    forms = {"false", "true"};
    kind = x + 1;
  elseif (isinteger (x))
    forms = {"%d", "parts"};
    kind = 1 + (x > flintmax () | x < -flintmax ());
  else
    forms = {"%.15g", "%.16g", "%.17g", "-0.0", "null", "NaN", "Infinity", "-Infinity"};
    kind = kinds (double (x), null);
  endif
endfunction

function kind = kinds (x, null)
  kind = digits (x) - 14;
  kind(x == 0 & 1 ./ x < 0) = 4;
  odd = ! isfinite (x);
  if (null)
    kind(odd) = 5;
  else
    kind(odd) = 6 + (x(odd) > 0) + 2 * (x(odd) < 0);
  endif
endfunction

% How many digits it takes to read each number back. Integers up to 2^53 are written out.
function count = digits (x)
  count = repmat (15, size (x));
  count(x == fix (x) & abs (x) <= flintmax ()) = 17;
  for more = [15, 16]
    open = count == more & isfinite (x);
    if (! any (open))
      continue;
    endif
    read = sscanf (sprintf (["%." num2str(more) "g\n"], x(open)), "%f");
    count(open) += read != x(open);
  endfor
endfunction

% Lines of numbers. Octave prints integers as doubles, so that those beyond 2^53 go in two parts.
function text = printed (x, form)
  if (isempty (x))
    text = "";
  elseif (! any (form == "%") && ! strcmp (form, "parts"))
    text = repmat ([form, "\n"], 1, numel (x));
  elseif (strcmp (form, "parts"))
    base = cast (1000000000, class (x));
    low = rem (x, base);
    text = sprintf ("%d%09d\n", [double((x - low) ./ base), abs(double (low))].');
  else
    text = sprintf ([form, "\n"], double (x));
  endif
endfunction

% Layout.

% JSON on many lines, four spaces deep, as RapidJSON writes it.
function json = indented (json)
  plain = ! quoted_part (json);
  opens = plain & (json == "[" | json == "{");
  closes = plain & (json == "]" | json == "}");
  depth = cumsum (opens) - cumsum (closes);
  empty = opens & [closes(2:end), false];
  breaks = (opens & ! empty) | (plain & json == ",");
  before = closes & ! [false, empty(1:end-1)];
  spaces = 4 * depth + 1;
  front = before .* spaces;
  behind = breaks .* spaces + (plain & json == ":");
  places = cumsum (1 + front + [0, behind(1:end-1)]);
  text = blanks (places(end));
  text(places) = json;
  text(places(breaks) + 1) = "\n";
  text(places(before) - front(before)) = "\n";
  json = text;
endfunction

% Which characters lie in strings.
function inside = quoted_part (json)
  masked = regexprep (json, '\\.', '__');
  quote = masked == '"';
  inside = mod (cumsum (quote), 2) == 1 | quote;
endfunction
