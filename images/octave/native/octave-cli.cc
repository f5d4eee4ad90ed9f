// `octave-cli` that leaves once it has done all that its programs can see. Octave's own goes on to forget what is its own
// alone and to take itself apart, piece by piece, which takes as long as a small program does. What is written meanwhile is
// copied for each child, page by page, where children are forked.
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include <dlfcn.h>
#include <unistd.h>

#include <octave/oct.h>
#include <octave/interpreter.h>
#include <octave/load-path.h>
#include <octave/oct-env.h>
#include <octave/oct-stream.h>
#include <octave/octave.h>
#include <octave/ov-usr-fcn.h>
#include <octave/pager.h>
#include <octave/symtab.h>

namespace
{
  using known_function = octave::fcn_info::fcn_info_rep;

  // Functions that Octave ends with, read ahead of the program, which may have its own.
  std::map<std::string, octave_value> aside;

  bool is_ending = false;

  bool
  is_plain (const octave_value& value)
  {
    return value.is_undefined () || value.isnumeric () || value.islogical () || value.is_string ()
           || value.iscellstr ();
  }

  // What it remembers has no end of its own, which one could see.
  bool
  remembers_nothing (octave_user_function *function)
  {
    octave::symbol_scope scope = function->scope ();
    for (const auto& [place, value] : scope.get_rep ()->m_persistent_values)
      if (! is_plain (value))
        return false;
    for (const auto& [name, value] : scope.subfunctions ())
      if (! remembers_nothing (value.user_function_value ()))
        return false;
    return true;
  }

  // One that would be read from the same file of this image again.
  bool
  is_own (const std::string& name, const octave_value& value)
  {
    if (name == "__simulay_fork__" || name == "__simulay_leave__" || name == "__simulay_wait__")
      return true;
    bool is_of_simulay = name.rfind ("__simulay_", 0) == 0;
    octave_user_function *function = value.user_function_value (true);
    bool is_of_image = function && (function->is_system_fcn_file () || is_of_simulay);
    octave::load_path& path = octave::interpreter::the_interpreter ()->get_load_path ();
    return is_of_image && path.find_fcn (name) == function->fcn_file_name () && remembers_nothing (function);
  }

  bool
  has_more (const known_function& known)
  {
    return ! known.local_functions.empty () || ! known.private_functions.empty ()
           || ! known.class_constructors.empty () || ! known.class_methods.empty ()
           || known.autoload_function.is_defined () || known.cmdline_function.is_defined ()
           || known.package.is_defined ();
  }

  void
  take_back (octave::symbol_table& symbols)
  {
    for (const auto& [name, value] : aside)
      if (octave::fcn_info *info = symbols.get_fcn_info (name))
        if (! info->is_user_function_defined () && is_own (name, value))
          info->install_user_function (value);
    aside.clear ();
  }

  // What each child would look for and write down anew is found once, before there are any.
  void
  find_all_at_once (char **argv)
  {
    const char *forks = std::getenv ("SIMULAY_FORK");
    if (forks && std::strcmp (forks, "bound") == 0)
      unsetenv ("LD_BIND_NOW");
    else if (forks && ! std::getenv ("LD_BIND_NOW"))
      {
        setenv ("SIMULAY_FORK", "bound", 1);
        setenv ("LD_BIND_NOW", "1", 1);
        if (char *self = realpath ("/proc/self/exe", nullptr))
          execv (self, argv);
        unsetenv ("LD_BIND_NOW");
      }
  }
}

// Called by `__simulay_leave__`.
extern "C" void
simulay_set_aside ()
{
  octave::symbol_table& symbols = octave::interpreter::the_interpreter ()->get_symbol_table ();
  for (const char *name : {"close", "isfigure"})
    if (octave::fcn_info *info = symbols.get_fcn_info (name))
      aside[name] = info->m_rep->function_on_path;
}

// These are found before those of Octave's library.

void
octave::interpreter::shutdown ()
{
  void *of_library = dlsym (RTLD_NEXT, "_ZN6octave11interpreter8shutdownEv");
  is_ending = true;
  take_back (m_symbol_table);
  reinterpret_cast<void (*) (octave::interpreter *)> (of_library) (this);
}

// As that of the library, which writes to what it knows of two thousand functions whether it has anything to forget of them
// or not. Three times it is called as Octave ends.
void
octave::symbol_table::clear_functions (bool force)
{
  // What is forgotten may call functions as it ends.
  for (auto place = m_fcn_table.begin (); place != m_fcn_table.end (); )
    {
      auto& [name, info] = *place++;
      known_function& known = *info.m_rep;
      bool is_known = known.function_on_path.is_defined () && ! (is_ending && is_own (name, known.function_on_path));
      if (is_known || has_more (known))
        info.clear (force);
    }
}

// All functions that have an end were cleared by force right before.
void
octave::symbol_table::cleanup ()
{
}

int
main (int argc, char **argv)
{
  find_all_at_once (argv);
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
