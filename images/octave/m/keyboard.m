% Nobody can go on by hand.
function varargout = keyboard (varargin)
  __nobody__ ('the program stops here for its user', 'print what you want to see, or write it to a file');
endfunction
