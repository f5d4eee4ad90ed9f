% Nobody can be asked.
function varargout = input (prompt, varargin)
  if (nargin < 1)
    error ("Octave:invalid-fun-call", "Invalid call to input");
  endif
  __nobody__ (sprintf ("reading user-input failed: '%s'", prompt), ...
              'put the value into params.json and read it: p = jsondecode (fileread ("params.json"))');
endfunction
