/// Quotes one argument for a POSIX shell, so that the shell sees exactly these bytes as one word.
///
/// This is the only quoting function. Words of plain characters stay as they are, so that commands read well.
/// A NUL byte can't be in an argument; callers refuse it before.
package func shellQuoted(_ argument: String) -> String {
  if !argument.isEmpty, argument.utf8.allSatisfy(isPlain) { return argument }
  var quoted = "'"
  for scalar in argument.unicodeScalars {
    if scalar == "'" { quoted += #"'\''"# } else { quoted.unicodeScalars.append(scalar) }
  }
  return quoted + "'"
}

/// Characters with no meaning to a shell anywhere in a word. `=` and `~` are not among them.
private func isPlain(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"),
    UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "%"):
    true
  default: false
  }
}
