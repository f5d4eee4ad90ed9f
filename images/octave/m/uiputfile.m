% Nobody can choose a file.
function varargout = uiputfile (varargin)
  __nobody__ ('a file is asked for', 'name the file in the program');
endfunction
