import Testing

@testable import PawlModel

@Suite struct GatesTests {
  private func read(_ gates: String) throws(DiagnosticsError) -> Inventory {
    try Inventory.read(
      text: """
        apiVersion: pawl.dev/v1alpha1
        kind: Inventory
        metadata: {name: lab}
        kubernetes: {kubeconfig: ./kubeconfig}
        ssh: {user: pawl, keys: [./key]}
        hosts: [{name: cp-1, address: 10.0.0.1, roles: [control-plane]}]
        policy:
          gates:
        \(gates)
        """, file: "i.yaml", directory: "/srv", homeDirectory: "/home/op")
  }

  @Test func areReadWithTheirDefaults() throws {
    let gates = try read(
      """
          prometheus:
            - {name: alerts, url: "http://prom.example:9090", except: [Watchdog], timeout: 20m}
            - {name: errors, url: "http://prom.example:9090", query: "sum(rate(e[5m]))", op: "<", value: 0.05}
          http:
            - {name: shop, url: "https://shop.example/healthz", contains: ready, samples: 4, interval: 2s}
          command:
            - {name: smoke, run: [/usr/local/bin/smoke, --fast], asRoot: true, of: 3}
      """
    ).policy.gates
    #expect(
      gates
        == Gates(
          prometheus: [
            .init(
              name: "alerts", url: "http://prom.example:9090", except: ["Watchdog"],
              timing: .init(samples: 2, of: 2, intervalSeconds: 15, timeoutSeconds: 1200)),
            .init(
              name: "errors", url: "http://prom.example:9090", query: "sum(rate(e[5m]))", op: .less,
              value: "0.05"),
          ],
          http: [
            .init(
              name: "shop", url: "https://shop.example/healthz", contains: "ready",
              timing: .init(samples: 4, of: 4, intervalSeconds: 2, timeoutSeconds: 300))
          ],
          command: [
            .init(
              name: "smoke", run: ["/usr/local/bin/smoke", "--fast"], asRoot: true,
              timing: .init(samples: 1, of: 3, intervalSeconds: 10, timeoutSeconds: 300))
          ]))
  }

  @Test func certificatesAreRelativeToTheInventoryAndHaveToBeThere() throws {
    let text = """
      apiVersion: pawl.dev/v1alpha1
      kind: Inventory
      metadata: {name: lab}
      kubernetes: {kubeconfig: ./kubeconfig}
      ssh: {user: pawl, keys: [./key]}
      hosts: [{name: cp-1, address: 10.0.0.1, roles: [control-plane]}]
      policy:
        gates:
          http: [{name: a, url: "https://a", caFile: ./ca.crt}]
          prometheus: [{name: b, url: "https://b", caFile: /etc/ca.crt}]
      """
    func read(_ there: String...) throws -> Gates {
      try Inventory.readWithWarnings(
        text: text, file: "i.yaml", directory: "/srv", homeDirectory: "/home/op",
        holdsCertificates: there.contains
      ).inventory.policy.gates
    }
    let gates = try read("/srv/ca.crt", "/etc/ca.crt")
    #expect(gates.http.map(\.caFile) == ["/srv/ca.crt"])
    #expect(gates.prometheus.map(\.caFile) == ["/etc/ca.crt"])
    guard case .map(let entries) = gates.value, case .list(let items) = entries["http"],
      case .map(let item) = items.first
    else {
      Issue.record("no value")
      return
    }
    #expect(item["caFile"] == .string("/srv/ca.crt"))
    let error = #expect(throws: DiagnosticsError.self) { try read("/srv/ca.crt") }
    #expect(
      error?.diagnostics.map(\.description) == [
        "i.yaml:10:54: error: /etc/ca.crt can't be read, or there is no PEM certificate in it. "
          + "'caFile' is relative to the inventory."
      ])
  }

  @Test func withoutAnyThereAreNone() throws {
    #expect(try read("    http: []").policy.gates == Gates())
  }

  @Test(arguments: [
    ("{htp: []}", "9:6: error: 'gates' has no key 'htp'. Did you mean 'http'?"),
    ("{http: [{name: a}]}", "9:13: error: a gate of an address needs the key 'url'"),
    (
      "{http: [{name: A b, url: 'http://a'}]}",
      "9:20: error: 'A b' is not a name for a gate. Use small letters, digits and '-', from a letter on."
    ),
    (
      "{http: [{name: a, url: 'http://a'}, {name: a, url: 'http://b'}]}",
      "9:48: error: there is a gate 'a' in 'http' already"
    ),
    (
      "{http: [{name: a, url: 'https://u:p@a'}]}",
      "9:28: error: 'https://u:p@a' is not an address that a gate can ask. Write http:// or https:// with a host, and no credentials."
    ),
    (
      "{http: [{name: a, url: 'http://a', status: 99}]}",
      "9:48: error: 'status' has to be from 100 to 599, not 99"
    ),
    (
      "{http: [{name: a, url: 'http://a', samples: 3, of: 2}]}",
      "9:56: error: 'of' is 2, and 'samples' wants 3 good looks among them"
    ),
    (
      "{prometheus: [{name: a, url: 'http://a', query: up}]}",
      "9:19: error: a gate with 'query' needs the key 'op'"
    ),
    (
      "{prometheus: [{name: a, url: 'http://a', op: '<'}]}",
      "9:50: error: 'op' needs a 'query' to compare. Without a query no alert may fire."
    ),
    (
      "{prometheus: [{name: a, url: 'http://a', query: up, op: '<', value: many}]}",
      "9:73: error: 'value' has to be a number, not text"
    ),
    (
      "{prometheus: [{name: a, url: 'http://a', query: up, op: '<', value: 1, except: [b]}]}",
      "9:84: error: 'except' names alerts, and the gate asks a query"
    ),
    ("{command: [{name: a, run: []}]}", "9:31: error: 'run' names no program"),
  ])
  func wrongOnesAreNamedWithTheirPlace(gates: String, problem: String) {
    let error = #expect(throws: DiagnosticsError.self) { try read("    " + gates) }
    #expect(error?.diagnostics.first?.description == "i.yaml:" + problem)
  }

  @Test(arguments: [
    (Gates.Comparison.equal, 1.0, 1.0, true), (.notEqual, 1, 1, false), (.less, 1, 2, true),
    (.atMost, 2, 2, true),
    (.greater, 2, 2, false), (.atLeast, 2, 2, true), (.less, .nan, 2, false), (.equal, .nan, .nan, false),
  ])
  func comparisons(op: Gates.Comparison, left: Double, right: Double, holds: Bool) {
    #expect(op.holds(left, right) == holds)
  }

  /// A run that an earlier Pawl kept has a policy without gates.
  @Test func aPolicyOfBeforeHasNone() throws {
    let old = #"{"maxUnavailable":2,"drainTimeoutSeconds":60,"localData":"delete","unmanagedPods":"refuse"}"#
    #expect(
      try JSONTwin.decode(Policy.self, from: old)
        == Policy(maxUnavailable: 2, drainTimeoutSeconds: 60, localData: .delete))
  }
}
