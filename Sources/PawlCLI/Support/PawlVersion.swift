/// The version of Pawl itself.
enum PawlVersion {
  static let current = "0.1.0"
}
