% Sets no breakpoint: nobody would go on from it.
function varargout = dbstop (varargin)
  warning ("Simulay:nobody", "dbstop: nobody is there in a simulation; the program does not stop");
  varargout = repmat ({[]}, 1, nargout);
endfunction
