import ArgumentParser

/// The program's way in.
package enum Entrypoint {
  /// Reads the arguments, runs the command and ends the process with its exit code.
  package static func main() async { await PawlCommand.main() }
}
