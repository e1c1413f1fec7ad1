extension Inventory {
  /// Reads an inventory file; throws all its problems at once.
  ///
  /// `directory` (absolute) is what the paths in it are relative to, `homeDirectory` what `~/` stands for.
  package static func read(
    text: String, file: String, directory: String, homeDirectory: String
  ) throws(DiagnosticsError) -> Inventory {
    try readWithWarnings(text: text, file: file, directory: directory, homeDirectory: homeDirectory).inventory
  }

  /// Reads an inventory file and gives what is questionable in it, but no error, and where it sets
  /// `policy.maxUnavailable`; nil when it does not.
  /// - Parameter holdsCertificates: whether a file is there and has PEM certificates in it.
  package static func readWithWarnings(
    text: String, file: String, directory: String, homeDirectory: String,
    holdsCertificates: @escaping (String) -> Bool = { _ in true }
  ) throws(DiagnosticsError) -> (
    inventory: Inventory, warnings: [Diagnostic], maxUnavailable: SourceLocation?
  ) {
    let document = try YAMLDocument(text: text, file: file)
    let log = DiagnosticLog()
    let root = YAMLCursor(node: document.root, log: log, name: "the file")
    try FileHeader.check(root, kind: "Inventory")
    let paths = FilePaths(directory: directory, homeDirectory: homeDirectory)
    var reader = InventoryReader(log: log, paths: paths, holdsCertificates: holdsCertificates)
    let inventory = reader.inventory(root)
    if let inventory {
      InventoryChecks(inventory: inventory, places: reader.places, log: log).run()
    }
    try log.throwErrors()
    guard let inventory else {
      throw DiagnosticsError([Diagnostic("the file is not an inventory", at: root.location)])
    }
    return (inventory, DiagnosticsError(log.diagnostics).diagnostics, reader.places.maxUnavailable)
  }
}

/// Where the parts of an inventory stand, for checks across them.
struct InventoryPlaces {
  /// One place for each host and bastion, by index.
  var hosts: [HostPlaces] = []
  var bastions: [HostPlaces] = []
  /// By group name: the name's own place and those of its members.
  var groups: [String: (name: SourceLocation, members: [LocatedName])] = [:]
  var canary: [LocatedName] = []
  /// Groups that are named as waves.
  var waveGroups: [LocatedName] = []
  var maxUnavailable: SourceLocation?
  var drainAtLimit: SourceLocation?
  var ssh: SourceLocation?
  var hostList: SourceLocation?

  /// Places of one host or bastion; the entry's own where a key is absent.
  struct HostPlaces {
    let entry: SourceLocation
    let name: SourceLocation
    let address: SourceLocation
    let node: SourceLocation
    let keys: SourceLocation
    let via: [LocatedName]
  }
}

/// Decodes an inventory. A part that is wrong is reported and replaced by something harmless, so that the checks
/// across parts still find theirs.
struct InventoryReader {
  let log: DiagnosticLog
  let paths: FilePaths
  let holdsCertificates: (String) -> Bool
  var places = InventoryPlaces()

  init(log: DiagnosticLog, paths: FilePaths, holdsCertificates: @escaping (String) -> Bool) {
    self.log = log
    self.paths = paths
    self.holdsCertificates = holdsCertificates
  }

  mutating func inventory(_ root: YAMLCursor) -> Inventory? {
    guard let mapping = root.mapping(InventoryKeys.inventory) else { return nil }
    let metadata = mapping["metadata"]?.mapping(InventoryKeys.metadata)
    let name = metadata?["name"].flatMap(objectName)
    let kubernetes = mapping["kubernetes"].flatMap(readKubernetes)
    let ssh = mapping["ssh"].flatMap { readSSH($0) }
    let hosts = mapping["hosts"].flatMap { readHosts($0) }
    let groups = mapping["groups"].map { readGroups($0) } ?? [:]
    let packages = mapping["packages"].map(readPackages) ?? PackageSource()
    let workers = (hosts ?? []).count(where: \.isWorker)
    let policy = mapping["policy"].map { readPolicy($0, workers: workers) } ?? Policy()
    return Inventory(
      name: name ?? "", kubernetes: kubernetes ?? KubernetesAccess(kubeconfig: ""),
      ssh: ssh ?? SSHAccess(user: "", agent: true), hosts: hosts ?? [], groups: groups, packages: packages,
      policy: policy)
  }

  // MARK: Small values

  func objectName(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    guard Names.isObjectName(text) else {
      cursor.error(
        "'\(text)' is not a name",
        hint: "Use small letters, digits, '-' and '.', from a letter or digit to one.")
      return nil
    }
    return text
  }

  private func address(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    if Names.isAddress(text), text.filter({ $0 == ":" }).count != 1 { return text }
    let hint =
      if text.contains("@") { "The login name goes into 'user'." } else if text.contains(":") {
        "The port goes into 'port'."
      } else { "Write a host name or an IP address." }
    cursor.error("'\(text)' is not an address", hint: hint)
    return nil
  }

  private func user(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    guard Names.isUser(text) else {
      cursor.error("'\(text)' is not a login name")
      return nil
    }
    return text
  }

  private func port(_ cursor: YAMLCursor) -> Int? { cursor.integer(in: 1...65535) }

  func path(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    guard let path = paths.absolute(text) else {
      cursor.error(
        "'\(text)' names another user's home", hint: "Write the path in full, or with '~/' for your own.")
      return nil
    }
    return path
  }

  private func keys(_ cursor: YAMLCursor) -> [String]? {
    cursor.list(of: "an item of \(cursor.name)")?.map { path($0) ?? "" }
  }

  func names(_ cursor: YAMLCursor) -> [LocatedName]? {
    cursor.list(of: "an item of \(cursor.name)")?.compactMap { item in
      item.text().map { LocatedName($0, at: item.location) }
    }
  }

  // MARK: Sections

  private func readKubernetes(_ cursor: YAMLCursor) -> KubernetesAccess? {
    guard let mapping = cursor.mapping(InventoryKeys.kubernetes) else { return nil }
    let kubeconfig = mapping["kubeconfig"].flatMap(path)
    return KubernetesAccess(kubeconfig: kubeconfig ?? "", context: mapping["context"]?.text())
  }

  private mutating func readSSH(_ cursor: YAMLCursor) -> SSHAccess? {
    places.ssh = cursor.location
    guard let mapping = cursor.mapping(InventoryKeys.ssh) else { return nil }
    let bastions = mapping["bastions"]?.list(of: "an item of 'bastions'")?.map { bastion($0) } ?? []
    return SSHAccess(
      user: mapping["user"].flatMap(user) ?? "", port: mapping["port"].flatMap(port) ?? 22,
      keys: mapping["keys"].flatMap(keys) ?? [], agent: mapping["agent"]?.bool() ?? false,
      knownHosts: mapping["knownHosts"].flatMap(keys)
        ?? paths.absolute("~/.ssh/known_hosts").map { [$0] } ?? [],
      connectTimeoutSeconds: mapping["connectTimeout"]?.duration(atLeast: 1) ?? 15, bastions: bastions)
  }

  private mutating func bastion(_ cursor: YAMLCursor) -> Bastion {
    let mapping = cursor.mapping(InventoryKeys.bastion)
    places.bastions.append(hostPlaces(cursor, mapping, via: []))
    return Bastion(
      name: mapping?["name"].flatMap(objectName) ?? "", address: mapping?["address"].flatMap(address) ?? "",
      port: mapping?["port"].flatMap(port), user: mapping?["user"].flatMap(user),
      keys: mapping?["keys"].flatMap(keys))
  }

  private func hostPlaces(
    _ cursor: YAMLCursor, _ mapping: YAMLMapping?, via: [LocatedName]
  ) -> InventoryPlaces.HostPlaces {
    let name = mapping?["name"]?.location ?? cursor.location
    return InventoryPlaces.HostPlaces(
      entry: cursor.location, name: name, address: mapping?["address"]?.location ?? cursor.location,
      node: mapping?["node"]?.location ?? name, keys: mapping?.location(ofKey: "keys") ?? cursor.location,
      via: via)
  }

  private mutating func readHosts(_ cursor: YAMLCursor) -> [Host]? {
    guard let items = cursor.list(of: "an item of 'hosts'") else { return nil }
    places.hostList = cursor.location
    return items.map { host($0) }
  }

  private mutating func host(_ cursor: YAMLCursor) -> Host {
    let mapping = cursor.mapping(InventoryKeys.host)
    let via = mapping?["via"].flatMap(names)
    places.hosts.append(hostPlaces(cursor, mapping, via: via ?? []))
    return Host(
      name: mapping?["name"].flatMap(objectName) ?? "", address: mapping?["address"].flatMap(address) ?? "",
      node: mapping?["node"].flatMap(objectName), roles: mapping?["roles"].map(roles) ?? [],
      labels: mapping?["labels"].map(labels) ?? [:], port: mapping?["port"].flatMap(port),
      user: mapping?["user"].flatMap(user), keys: mapping?["keys"].flatMap(keys), via: via?.map(\.name))
  }

  private func roles(_ cursor: YAMLCursor) -> [HostRole] {
    guard let items = cursor.list(of: "an item of 'roles'") else { return [] }
    if items.isEmpty { cursor.error("a host has at least one role") }
    var roles: [HostRole] = []
    for item in items {
      guard let role = item.choice(HostRole.self) else { continue }
      if roles.contains(role) { item.error("the role \(role.rawValue) is given twice") }
      roles.append(role)
    }
    return roles
  }

  func labels(_ cursor: YAMLCursor) -> [String: String] {
    let pairs = (cursor.entries() ?? []).compactMap { entry in
      cursor.value(of: entry).text().map { (entry.key, $0) }
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  private mutating func readGroups(_ cursor: YAMLCursor) -> [String: [String]] {
    var groups: [String: [String]] = [:]
    for entry in cursor.entries() ?? [] {
      if !Names.isObjectName(entry.key) {
        log.error("'\(entry.key)' is not a name for a group", at: entry.keyLocation)
      }
      let members = names(cursor.value(of: entry)) ?? []
      places.groups[entry.key] = (entry.keyLocation, members)
      groups[entry.key] = members.map(\.name)
    }
    return groups
  }

  private func readPackages(_ cursor: YAMLCursor) -> PackageSource {
    guard let mapping = cursor.mapping(InventoryKeys.packages) else { return PackageSource() }
    let defaults = PackageSource()
    let template = mapping["sourceTemplate"]
    if let text = template?.text(), !text.contains("{minor}") {
      template?.error(
        "'sourceTemplate' has no {minor} in it",
        hint: "Leave the key out to use the hosts' sources as they are.")
    } else if let text = template?.text(), !PackageSource.isTemplate(text) {
      template?.error("'sourceTemplate' has to be one line that begins with 'deb '")
    } else if let text = template?.text(), PackageSource.hasPassword(text) {
      template?.error(
        "'sourceTemplate' has a password in it, which plans and journals would keep",
        hint: "Put it on the hosts, in a file of /etc/apt/auth.conf.d.")
    }
    let sourceFile = mapping["sourceFile"]?.text()
    if let sourceFile, !PackageSource.isSourceFile(sourceFile) {
      mapping["sourceFile"]?.error(
        "'sourceFile' has to be a file in \(PackageSource.sourceDirectory) whose name ends with .list")
    }
    return PackageSource(
      manager: mapping["manager"]?.choice(PackageSource.Manager.self) ?? defaults.manager,
      sourceTemplate: template?.scalar?.text, sourceFile: sourceFile ?? defaults.sourceFile)
  }
}
