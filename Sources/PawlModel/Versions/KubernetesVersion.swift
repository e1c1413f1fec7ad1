/// A Kubernetes minor such as `1.20`: the unit in which clusters move.
package struct MinorVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The part before the dot.
  package let major: Int
  /// The part after the dot.
  package let minor: Int

  /// Makes a minor from its two numbers.
  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  package var description: String { "\(major).\(minor)" }

  package static func < (left: MinorVersion, right: MinorVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  /// The minor that follows this one.
  package var next: MinorVersion { MinorVersion(major: major, minor: minor + 1) }

  /// How many minors `self` is ahead of `other`; nil when the major numbers differ.
  package func distance(from other: MinorVersion) -> Int? {
    major == other.major ? minor - other.minor : nil
  }
}

/// A full Kubernetes version, `1.20.15` or `1.21.0-rc.1`, ordered as semantic versions are.
package struct KubernetesVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Major and minor.
  package let minorVersion: MinorVersion
  /// The patch number.
  package let patch: Int
  /// What follows the dash, `rc.1`; nil for a release.
  package let preRelease: String?

  /// Makes a version from its parts.
  package init(_ major: Int, _ minor: Int, _ patch: Int, preRelease: String? = nil) {
    self.minorVersion = MinorVersion(major: major, minor: minor)
    self.patch = patch
    self.preRelease = preRelease
  }

  /// Reads `1.20.15`, `v1.20.15`, `v1.21.0-rc.1` and forms with build metadata (`v1.20.2+k3s1`, which is dropped);
  /// nil for anything else. Strict as semantic versioning is: no leading zeros, no empty identifiers.
  package init?(parsing text: String) {
    var rest = Substring(text)
    if rest.hasPrefix("v") { rest = rest.dropFirst() }
    if let plus = rest.firstIndex(of: "+") {
      guard Self.identifiers(rest[rest.index(after: plus)...]) != nil else { return nil }
      rest = rest[..<plus]
    }
    var preRelease: String?
    if let dash = rest.firstIndex(of: "-") {
      let suffix = rest[rest.index(after: dash)...]
      guard let identifiers = Self.identifiers(suffix), !identifiers.contains(where: hasLeadingZero) else {
        return nil
      }
      preRelease = String(suffix)
      rest = rest[..<dash]
    }
    let numbers = rest.split(separator: ".", omittingEmptySubsequences: false).map(decimal)
    guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
      return nil
    }
    self.init(major, minor, patch, preRelease: preRelease)
  }

  /// The parts between dots, each of ASCII letters, digits and dashes; nil when one is empty or holds other text.
  private static func identifiers(_ text: Substring) -> [Substring]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let valid = parts.allSatisfy { part in
      !part.isEmpty && part.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }
    }
    return valid ? parts : nil
  }

  package var description: String {
    "\(minorVersion).\(patch)" + (preRelease.map { "-\($0)" } ?? "")
  }

  /// The form that kubeadm and image tags use: `v1.20.15`.
  package var tag: String { "v\(self)" }

  package static func < (left: KubernetesVersion, right: KubernetesVersion) -> Bool {
    if left.minorVersion != right.minorVersion { return left.minorVersion < right.minorVersion }
    if left.patch != right.patch { return left.patch < right.patch }
    switch (left.preRelease, right.preRelease) {
    case (nil, _): return false
    case (_, nil): return true
    case (let left?, let right?): return comparePreReleases(left, right)
    }
  }

  /// Semantic versioning's rule 11: identifiers from left to right, numbers below words, fewer below more.
  private static func comparePreReleases(_ left: String, _ right: String) -> Bool {
    let lefts = left.split(separator: ".")
    let rights = right.split(separator: ".")
    for (one, other) in zip(lefts, rights) where one != other {
      switch (one.utf8.allSatisfy(isDigit), other.utf8.allSatisfy(isDigit)) {
      // Numbers without leading zeros: the longer is the larger, whatever its length.
      case (true, true): return (one.utf8.count, String(one)) < (other.utf8.count, String(other))
      case (true, false): return true
      case (false, true): return false
      case (false, false): return one < other
      }
    }
    return lefts.count < rights.count
  }
}

/// What an operator asks for: a minor (`1.12`: its newest patch on offer) or an exact version (`1.12.3`).
package enum VersionTarget: Sendable, Hashable, CustomStringConvertible {
  case minor(MinorVersion)
  case exact(KubernetesVersion)

  /// Reads `1.12`, `v1.12`, `1.12.3`, `v1.12.3`; nil for anything else.
  package init?(parsing text: String) {
    if let exact = KubernetesVersion(parsing: text) {
      self = .exact(exact)
      return
    }
    let bare = text.hasPrefix("v") ? text.dropFirst() : Substring(text)
    let parts = bare.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let major = decimal(parts[0]), let minor = decimal(parts[1]) else { return nil }
    self = .minor(MinorVersion(major: major, minor: minor))
  }

  /// The minor that is asked for, whichever form was used.
  package var minorVersion: MinorVersion {
    switch self {
    case .minor(let minor): minor
    case .exact(let version): version.minorVersion
    }
  }

  package var description: String {
    switch self {
    case .minor(let minor): minor.description
    case .exact(let version): version.description
    }
  }
}

/// A plain decimal number without sign or leading zero; nil for anything else, also beyond nine digits.
private func decimal(_ text: Substring) -> Int? {
  guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy(isDigit), !hasLeadingZero(text) else {
    return nil
  }
  return Int(text)
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isLetter(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}

private func hasLeadingZero(_ text: Substring) -> Bool {
  text.utf8.count > 1 && text.utf8.first == UInt8(ascii: "0") && text.utf8.allSatisfy(isDigit)
}

extension KubernetesVersion: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let version = KubernetesVersion(parsing: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a version")
    }
    self = version
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
