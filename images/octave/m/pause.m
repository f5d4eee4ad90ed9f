% Waits so many seconds. Without a number there is nobody to wait for, and the program goes on.
function pause (seconds)
  if (nargin == 1 && ! isequal (seconds, Inf))
    builtin ("pause", seconds);
  endif
endfunction
