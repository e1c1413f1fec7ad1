/// Decodes `policy.gates`.
struct GatesReader {
  let log: DiagnosticLog
  /// Reads a path, made absolute.
  let path: (YAMLCursor) -> String?
  /// Whether a file is there and has PEM certificates in it.
  let holdsCertificates: (String) -> Bool

  func gates(_ cursor: YAMLCursor) -> Gates {
    guard let mapping = cursor.mapping(InventoryKeys.gates) else { return Gates() }
    return Gates(
      prometheus: items(mapping["prometheus"], InventoryKeys.prometheusGate, prometheus),
      http: items(mapping["http"], InventoryKeys.httpGate, http),
      command: items(mapping["command"], InventoryKeys.commandGate, command))
  }

  /// The gates of one kind; no two of them have the same name, which the ids of their steps are made of.
  private func items<Item>(
    _ cursor: YAMLCursor?, _ keys: KeySet, _ read: (String, YAMLMapping) -> Item
  ) -> [Item] {
    guard let cursor else { return [] }
    var names: Set<String> = []
    return (cursor.list(of: "an item of \(cursor.name)") ?? []).compactMap { item in
      guard let mapping = item.mapping(keys) else { return nil }
      let name = mapping["name"]?.text() ?? ""
      if !name.isEmpty, !Names.isIdentifier(name) {
        mapping["name"]?.error(
          "'\(name)' is not a name for a gate", hint: "Use small letters, digits and '-', from a letter on.")
      } else if !name.isEmpty, !names.insert(name).inserted {
        mapping["name"]?.error("there is a gate '\(name)' in \(cursor.name) already")
      }
      return read(name, mapping)
    }
  }

  private func prometheus(_ name: String, _ mapping: YAMLMapping) -> Gates.Prometheus {
    let query = mapping["query"]?.text() ?? ""
    if mapping["query"] != nil {
      for key in ["op", "value"] where mapping[key] == nil {
        log.error("a gate with 'query' needs the key '\(key)'", at: mapping.location)
      }
      if mapping["except"] != nil {
        mapping["except"]?.error("'except' names alerts, and the gate asks a query")
      }
    } else {
      for key in ["op", "value"] {
        mapping[key]?.error("'\(key)' needs a 'query' to compare", hint: "Without a query no alert may fire.")
      }
    }
    return Gates.Prometheus(
      name: name, url: url(mapping), caFile: caFile(mapping), query: query,
      op: mapping["op"]?.choice(Gates.Comparison.self) ?? .equal,
      value: mapping["value"]?.decimal() ?? "",
      except: mapping["except"]?.texts(of: "an item of 'except'") ?? [],
      timing: timing(mapping, .prometheus))
  }

  private func http(_ name: String, _ mapping: YAMLMapping) -> Gates.HTTP {
    Gates.HTTP(
      name: name, url: url(mapping), caFile: caFile(mapping),
      status: mapping["status"]?.integer(in: 100...599) ?? 200,
      contains: mapping["contains"]?.text() ?? "",
      timing: timing(mapping, .http))
  }

  private func command(_ name: String, _ mapping: YAMLMapping) -> Gates.Command {
    let run = mapping["run"]?.texts(of: "an item of 'run'") ?? []
    if let place = mapping["run"], run.isEmpty { place.error("'run' names no program") }
    return Gates.Command(
      name: name, run: run, asRoot: mapping["asRoot"]?.bool() ?? false,
      timing: timing(mapping, .command))
  }

  private func url(_ mapping: YAMLMapping) -> String {
    guard let cursor = mapping["url"], let text = cursor.text() else { return "" }
    if !Gates.isAddress(text) {
      cursor.error(
        "'\(text)' is not an address that a gate can ask",
        hint: "Write http:// or https:// with a host, and no credentials.")
    }
    return text
  }

  private func caFile(_ mapping: YAMLMapping) -> String {
    guard let cursor = mapping["caFile"], let path = path(cursor) else { return "" }
    if !holdsCertificates(path) {
      cursor.error(
        "\(path) can't be read, or there is no PEM certificate in it",
        hint: "'caFile' is relative to the inventory.")
    }
    return path
  }

  private func timing(_ mapping: YAMLMapping, _ standard: Gates.Timing) -> Gates.Timing {
    let samples = mapping["samples"]?.integer(in: 1...100) ?? standard.samples
    let of = mapping["of"]?.integer(in: 1...100)
    if let of, of < samples {
      mapping["of"]?.error("'of' is \(of), and 'samples' wants \(samples) good looks among them")
    }
    return Gates.Timing(
      samples: samples, of: of ?? max(samples, standard.of),
      intervalSeconds: mapping["interval"]?.duration(atLeast: 1) ?? standard.intervalSeconds,
      timeoutSeconds: mapping["timeout"]?.duration(atLeast: 1) ?? standard.timeoutSeconds)
  }
}
