% No key is pressed; who waits for one is told so.
function key = kbhit (varargin)
  if (nargin == 0)
    __nobody__ ("a key is waited for", "leave the call out");
  endif
  key = "";
endfunction
