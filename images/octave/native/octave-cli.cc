// `octave-cli` that leaves once it has done all that its programs can see. Octave's own goes on to forget what is its own
// alone and to take itself apart, piece by piece, which takes as long as a small program does.
#include <cstdlib>

#include <octave/oct.h>
#include <octave/interpreter.h>
#include <octave/oct-env.h>
#include <octave/oct-stream.h>
#include <octave/octave.h>
#include <octave/pager.h>
#include <octave/symtab.h>

// Found before that of Octave's library, which has cleared all functions by force right before.
void
octave::symbol_table::cleanup ()
{
}

int
main (int argc, char **argv)
{
  octave::sys::env::set_program_name (argv[0]);
  octave::cli_application application (argc, argv);
  int status = application.execute ();
  // What a program has open is written and closed, and what it has started by `popen` is waited for.
  if (octave::interpreter *interpreter = octave::interpreter::the_interpreter ())
    {
      interpreter->get_stream_list ().clear ();
      interpreter->get_output_system ().close_diary ();
      interpreter->cleanup_tmp_files ();
    }
  // Nothing on the stack is taken apart.
  std::exit (status);
}
