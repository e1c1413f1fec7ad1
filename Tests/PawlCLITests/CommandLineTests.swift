import Foundation
import PawlTestSupport
import Testing

@Suite("The command line")
struct CommandLineTests {
  private let pawl = PawlProgram(
    directory: PawlProgram.root, environment: ["NO_COLOR": "1", "COLUMNS": "80", "PAWL_INVENTORY": ""])

  @Test(
    "Help stays as it is",
    arguments: [
      [], ["upgrade"], ["patch"], ["plan"], ["plan", "upgrade"], ["plan", "patch"], ["apply"], ["run"],
      ["resume"], ["runs"], ["show"],
      ["logs"],
      ["pause"], ["cancel"], ["approve"], ["release"], ["check"], ["facts"], ["runbooks"], ["inventory"],
      ["demo"], ["drain"], ["uncordon"],
    ])
  func help(command: [String]) async throws {
    let result = try await pawl.run(command + ["--help"])
    #expect(result.status == 0)
    try Golden().expect(result.output, "help-\((["pawl"] + command).joined(separator: "-")).txt")
  }

  @Test(
    "Wrong usage exits with 64 and says what is right",
    arguments: [
      (["upgrade"], "--to"), (["upgrade", "--to", "latest"], "1.20"), (["nonsense"], "nonsense"),
      (["run", "kubeadm-upgrade", "--set", "target"], "key=value"), (["demo", "--speed", "0"], "--speed"),
      (["approve", "r", "s"], "--as"), (["patch", "--reboot", "maybe"], "auto"),
    ])
  func usage(arguments: [String], hint: String) async throws {
    let result = try await pawl.run(arguments)
    #expect(result.status == 64)
    #expect(result.errors.contains(hint), "\(result.errors)")
  }

  @Test("The end takes no library down while its threads may still use it")
  func end() async throws {
    let traced = PawlProgram(directory: PawlProgram.root, environment: ["LD_DEBUG": "files"])
    for (arguments, status) in [(["--version"], 0), (["nonsense"], 64)] {
      let result = try await traced.run(arguments)
      #expect(result.status == status)
      #expect(result.errors.contains("calling init"), "the dynamic linker tells what it does")
      #expect(!result.errors.contains("calling fini"))
    }
  }

  @Test("An invalid inventory shows every problem at once with its place, and exits with 65")
  func invalidInventory() async throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/inventory.yaml"
    try """
    apiVersion: pawl.dev/v1alpha1
    kind: Inventory
    metadata: {name: x}
    kubernetes: {kubeconfig: k, colour: red}
    ssh: {user: u, port: many, keys: [k]}
    hosts:
      - {name: a, address: 10.0.0.1, roles: [control-plane]}
      - {name: a, address: 10.0.0.2, roles: [worker], via: [nobody]}
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let result = try await pawl.run(["inventory", "check", "-i", file])
    #expect(result.status == 65)
    for place in [":4:", ":5:", ":8:"] {
      #expect(result.errors.contains("inventory.yaml\(place)"), "\(result.errors)")
    }
  }

  @Test("--max-unavailable sets the limit where the inventory has none, and only narrows the one it has")
  func maxUnavailable() async throws {
    let fixtures = PawlProgram.root + "/Tests/PawlCLITests/Fixtures"
    let directory = try TemporaryDirectory()
    let text = try String(contentsOfFile: fixtures + "/inventory-single.yaml", encoding: .utf8)
    func plan(_ policy: String, _ arguments: String...) async throws -> PawlProgram.Result {
      let file = directory.path + "/inventory.yaml"
      try text.replacing("policy: {maxUnavailable: 100%}", with: policy)
        .write(toFile: file, atomically: true, encoding: .utf8)
      return try await pawl.run(
        [
          "plan", "upgrade", "--to", "1.20", "-o", "json", "-i", file, "--facts",
          "\(fixtures)/facts-single.json",
        ] + arguments)
    }
    let raised = try await plan("", "--max-unavailable", "2")
    #expect(raised.output.contains(#""policy/maxUnavailable" : "2""#), "\(raised.errors)")
    #expect(try await plan("").status == 1, "a worker of the facts is out already")
    let wider = try await plan("policy: {maxUnavailable: 1}", "--max-unavailable", "100%")
    #expect(wider.status == 64)
    #expect(
      wider.errors.contains("means 2 of 2 workers, and the policy allows 1 (")
        && wider.errors.contains("inventory.yaml:14:26); the flag only narrows"), "\(wider.errors)")
    #expect(try await plan("policy: {maxUnavailable: 3}", "--max-unavailable", "2").status == 0)
  }

  @Test("A missing inventory, runbook or facts file exits with 65 and names it")
  func missingFiles() async throws {
    for arguments in [
      ["check", "-i", "no.yaml"], ["runbooks", "show", "no.yaml"], ["runbooks", "lint", "no-such-runbook"],
      [
        "plan", "upgrade", "--to", "1.20", "-i", "Tests/PawlCLITests/Fixtures/inventory-single.yaml",
        "--facts", "no.json",
      ],
    ] {
      let result = try await pawl.run(arguments)
      #expect(result.status == 65, "\(arguments): \(result.errors)")
      #expect(result.errors.contains("no"), "\(result.errors)")
    }
  }

  @Test("A bastion that is not there exits with 69 and is named")
  func unreachable() async throws {
    let directory = try TemporaryDirectory()
    for (name, text) in [
      (
        "kubeconfig",
        """
        {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": ""}}],
         "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:1"}}], "users": []}
        """
      ),
      ("known_hosts", ""), ("key", ""),
      (
        "inventory.yaml",
        """
        apiVersion: pawl.dev/v1alpha1
        kind: Inventory
        metadata: {name: x}
        kubernetes: {kubeconfig: kubeconfig}
        ssh: {user: u, keys: [key], knownHosts: [known_hosts], connectTimeout: 2s,
              bastions: [{name: gate, address: 127.0.0.1, port: 1}]}
        hosts: [{name: a, address: 127.0.0.1, roles: [control-plane]}]
        """
      ),
    ] { try text.write(toFile: directory.path + "/" + name, atomically: true, encoding: .utf8) }
    let result = try await pawl.run(["check", "-i", directory.path + "/inventory.yaml"])
    #expect(result.status == 69, "\(result.output) \(result.errors)")
    #expect(result.output.contains("gate"), "\(result.output)")
  }

  @Test("Runbooks: listed, shown, linted and drawn")
  func runbooks() async throws {
    #expect(try await pawl.run(["runbooks", "list"]).output.contains("kubeadm-upgrade"))
    try Golden().expect(
      try await pawl.run(["runbooks", "show", "kubeadm-upgrade"]).output, "runbook-show.txt")
    let files = ["runbooks/kubeadm-upgrade.yaml", "runbooks/os-patch.yaml"]
    #expect(try await pawl.run(["runbooks", "lint"] + files).status == 0)
    try Golden().expect(
      try await pawl.run(["runbooks", "graph", "kubeadm-upgrade"]).output, "runbook-graph.dot")
    let mermaid = try await pawl.run(["runbooks", "graph", "kubeadm-upgrade", "-o", "mermaid"]).output
    try Golden().expect(mermaid, "runbook-graph.mermaid")
  }

  @Test("The built-in runbook is the one in runbooks/")
  func builtIn() async throws {
    let directory = try TemporaryDirectory()
    let elsewhere = PawlProgram(directory: directory.path)
    let builtIn = try await elsewhere.run(["runbooks", "show", "kubeadm-upgrade"])
    #expect(builtIn.status == 0)
    #expect(
      try await pawl.run(["runbooks", "show", "runbooks/kubeadm-upgrade.yaml"]).output == builtIn.output)
  }

  @Test("A lint names the action it does not know, with its place")
  func lint() async throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/book.yaml"
    try """
    apiVersion: pawl.dev/v1alpha1
    kind: Runbook
    metadata: {name: x, version: 1.0.0, description: d}
    steps:
      - {id: a, uses: node/dance@v1}
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let result = try await pawl.run(["runbooks", "lint", file])
    #expect(result.status == 65)
    #expect(
      result.output.contains("book.yaml:5:") && result.output.contains("node/dance@v1"), "\(result.output)")
  }

  @Test("No runs yet, and a run that does not exist")
  func emptyHistory() async throws {
    let directory = try TemporaryDirectory()
    let state = ["--state", directory.path + "/state"]
    #expect(try await pawl.run(["runs"] + state).output == "No runs yet.\n")
    let resume = try await pawl.run(["resume"] + state)
    #expect(resume.status == 0 && resume.errors.contains("no unfinished run"))
    #expect(try await pawl.run(["show", "nothing"] + state).status == 1)
  }

  @Test("The demo runs to its end, and each of its JSON lines is an object with run and event")
  func demo() async throws {
    let result = try await pawl.run(["demo", "--speed", "20", "-o", "json"])
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count > 100)
    var sequence = 0
    for line in lines {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["run"] is String && object["event"] is String && object["schemaVersion"] as? Int == 1)
      if let next = object["sequence"] as? Int {
        #expect(next == sequence + 1)
        sequence = next
      }
    }
    #expect(lines.last?.contains("\"exitCode\":0") == true)
  }
}
