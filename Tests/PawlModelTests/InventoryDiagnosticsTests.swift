import Testing

@testable import PawlModel

@Suite struct InventoryDiagnosticsTests {
  private func problems(_ text: String) -> [String] {
    do {
      return try Inventory.readWithWarnings(
        text: text, file: "i.yaml", directory: "/srv", homeDirectory: "/home/op"
      ).warnings.map(\.description)
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  /// One change of the valid file, and what is then said about it.
  @Test(
    arguments: [
      ("port: 2222", "prt: 2222", ["7:3: error: 'ssh' has no key 'prt'. Did you mean 'port'?"]),
      (
        "name: lab", "name: lab, foo: 1", ["3:23: error: 'metadata' has no key 'foo'. It has: name."]
      ),
      ("name: lab", "", ["3:11: error: 'metadata' needs the key 'name'"]),
      ("name: lab", "name: ", ["3:11: error: 'metadata' needs the key 'name'"]),
      (
        "name: lab", "name: Lab",
        [
          "3:18: error: 'Lab' is not a name. Use small letters, digits, '-' and '.', from a letter or digit to one."
        ]
      ),
      (
        "name: lab", "name: 12",
        ["3:18: error: 'name' has to be text, not the number 12. Put it in quotes: \"12\"."]
      ),
      (
        "name: lab", "name: true",
        ["3:18: error: 'name' has to be text, not true. Put it in quotes: \"true\"."]
      ),
      ("name: lab", "name: [lab]", ["3:18: error: 'name' has to be text, not a list"]),
      ("name: lab", "name: ''", ["3:18: error: 'name' is empty"]),
      ("{name: lab}", "lab", ["3:11: error: 'metadata' has to be a map, not text"]),
      (
        "./kubeconfig", "~bob/config",
        [
          "4:26: error: '~bob/config' names another user's home. Write the path in full, or with '~/' for your own."
        ]
      ),
      ("port: 2222", "port: 0", ["7:9: error: 'port' has to be from 1 to 65535, not 0"]),
      ("port: 2222", "port: 65536", ["7:9: error: 'port' has to be from 1 to 65535, not 65536"]),
      ("port: 2222", "port: '22'", ["7:9: error: 'port' has to be a whole number, not text"]),
      ("port: 2222", "port: 022", ["7:9: error: 'port' has to be a whole number, not the number 022"]),
      (
        "port: 2222", "port: 99999999999999999999",
        [
          "7:9: error: 'port' has to be a whole number, not the number 99999999999999999999"
        ]
      ),
      ("port: 2222", "port: 22\n  port: 23", ["8:3: error: 'port' is given twice; first on line 7"]),
      ("agent: false", "agent: no", ["9:10: error: 'agent' has to be true or false, not text"]),
      (
        "connectTimeout: 10s", "connectTimeout: 10",
        [
          "11:19: error: 'connectTimeout': '10' is not a duration; write 10s, 5m or 1h30m"
        ]
      ),
      (
        "connectTimeout: 10s", "connectTimeout: 500ms",
        [
          "11:19: error: 'connectTimeout': '500ms' is below a second; durations are whole seconds, such as 1s"
        ]
      ),
      ("connectTimeout: 10s", "connectTimeout: 0s", ["11:19: error: 'connectTimeout' has to be at least 1s"]),
      (
        "keys: [./ssh/id_nodes]", "keys: [./ssh/id_nodes, {}]",
        ["8:26: error: an item of 'keys' has to be text, not a map"]
      ),
      (
        "keys: [./ssh/id_nodes]", "keys: ./ssh/id_nodes",
        [
          "6:3: error: there is no key to log in to 'cp-1', 'worker-1'. Give 'keys', or set 'ssh.agent' to true.",
          "8:9: error: 'keys' has to be a list, not text",
        ]
      ),
      (
        "keys: [./ssh/id_nodes]", "keys: []",
        [
          "6:3: error: there is no key to log in to 'cp-1', 'worker-1'. Give 'keys', or set 'ssh.agent' to true."
        ]
      ),
      (
        "keys: [../id_bastion]", "keys: []",
        [
          "12:71: error: there is no key to log in to the bastion 'bastion'. Give 'keys', or set 'ssh.agent' to true."
        ]
      ),
      (
        "keys: [~/id]", "keys: []",
        [
          "16:92: error: there is no key to log in to 'worker-2'. Give 'keys', or set 'ssh.agent' to true."
        ]
      ),
      (
        "address: 10.0.0.2", "address: jump@10.0.0.2",
        [
          "12:39: error: 'jump@10.0.0.2' is not an address. The login name goes into 'user'."
        ]
      ),
      (
        "address: 10.0.0.2", "address: '10.0.0.2:22'",
        [
          "12:39: error: '10.0.0.2:22' is not an address. The port goes into 'port'."
        ]
      ),
      (
        "address: 10.0.0.2", "address: -oProxyCommand=x",
        [
          "12:39: error: '-oProxyCommand=x' is not an address. Write a host name or an IP address."
        ]
      ),
      ("user: jump", "user: -l", ["12:55: error: '-l' is not a login name"]),
      (
        "via: [bastion]", "via: [bastoin]",
        ["15:65: error: there is no bastion 'bastoin'. Did you mean 'bastion'?"]
      ),
      ("via: [bastion]", "via: [bastion, bastion]", ["15:74: error: the way goes through 'bastion' twice"]),
      ("via: [bastion]", "via: bastion", ["15:64: error: 'via' has to be a list, not text"]),
      (
        "- {name: worker-1", "- {name: cp-1",
        [
          "15:12: error: two hosts are called 'cp-1'; the first is on line 14",
          "17:19: error: there is no host 'worker-1'. Did you mean 'worker-2'?",
        ]
      ),
      (
        "roles: [worker], via: [bastion]", "roles: [worker, bastion], via: [bastion]",
        ["15:5: error: 'worker-1' is a bastion, which is no part of the cluster, and has other roles"]
      ),
      (
        "unmanagedPods: refuse", "patch: {rebootRequiredCommand: [due, -q]}",
        [
          "22:98: error: 'rebootRequiredCommand' has to begin with the full path of a program on the hosts. Write a list: [/usr/local/sbin/needs-reboot, --quiet]."
        ]
      ),
      (
        "unmanagedPods: refuse", "patch: {rebootCommand: [/bin/due]}",
        ["22:75: error: 'patch' has no key 'rebootCommand'. It has: rebootRequiredCommand."]
      ),
      (
        "node: w2.lab", "node: worker-1",
        ["16:48: error: two hosts are the node 'worker-1'; the first is on line 15"]
      ),
      (
        "address: 10.1.0.21", "address: 10.1.0.11",
        ["15:31: error: 'worker-1' has the address of 'cp-1', 10.1.0.11"]
      ),
      ("address: 10.1.0.22", "address: 10.1.0.21", []),
      ("roles: [worker], via: [bastion]", "via: [bastion]", ["15:5: error: a host needs the key 'roles'"]),
      (
        "roles: [worker], via: [bastion]", "roles: [], via: [bastion]",
        [
          "15:49: error: a host has at least one role"
        ]
      ),
      (
        "roles: [control-plane]", "roles: [controlplane]",
        [
          "14:58: error: an item of 'roles' has to be control-plane or worker or etcd or bastion, not 'controlplane'. "
            + "Did you mean 'control-plane'?"
        ]
      ),
      (
        "roles: [control-plane]", "roles: [worker, worker]",
        [
          "14:3: error: no host has the role control-plane", "14:66: error: the role worker is given twice",
        ]
      ),
      ("roles: [control-plane]", "roles: [worker]", ["14:3: error: no host has the role control-plane"]),
      (
        "roles: [worker], via: [bastion]", "roles: [control-plane], via: [bastion]",
        [
          "14:3: warning: 2 control planes tolerate no more failures than 1. "
            + "With etcd on the same hosts an odd number is better."
        ]
      ),
      (
        "labels: {zone: a}", "labels: {zone: 1}",
        [
          "14:89: error: 'zone' has to be text, not the number 1. Put it in quotes: \"1\"."
        ]
      ),
      (
        "canary: [worker-1]", "canary: [wroker-1]",
        ["17:19: error: there is no host 'wroker-1'. Did you mean 'worker-1'?"]
      ),
      (
        "canary: [worker-1]", "canary: [worker-1, worker-1]",
        ["17:29: error: the group 'canary' has 'worker-1' twice"]
      ),
      ("canary: [worker-1]", "cp-1: [worker-1]", ["17:10: error: the group 'cp-1' has the name of a host"]),
      ("canary: [worker-1]", "Canary: [worker-1]", ["17:10: error: 'Canary' is not a name for a group"]),
      ("canary: [worker-1]", "canary: []", ["17:10: warning: the group 'canary' has no hosts"]),
      ("manager: apt", "manager: yum", ["19:12: error: 'manager' has to be apt, not 'yum'"]),
      (
        "v{minor}", "v1.20",
        [
          "20:19: error: 'sourceTemplate' has no {minor} in it. Leave the key out to use the hosts' sources as they are."
        ]
      ),
      (
        "sourceFile: /etc", "sourceFile: etc",
        [
          "21:15: error: 'sourceFile' has to be a file in /etc/apt/sources.list.d/ whose name ends with .list"
        ]
      ),
      (
        "sourceTemplate: \"deb ", "sourceTemplate: \"",
        ["20:19: error: 'sourceTemplate' has to be one line that begins with 'deb '"]
      ),
      (
        "sourceTemplate: \"deb ", "sourceTemplate: \"deb https://joe:pa55@repo.example ",
        [
          "20:19: error: 'sourceTemplate' has a password in it, which plans and journals would keep. Put it on the hosts, in a file of /etc/apt/auth.conf.d."
        ]
      ),
      (
        "maxUnavailable: 2", "maxUnavailable: 0",
        ["22:26: error: 'maxUnavailable' has to be from 1 to 1000, not 0"]
      ),
      (
        "localData: delete", "localData: drop",
        ["22:59: error: 'localData' has to be refuse or delete, not 'drop'"]
      ),
      ("kind: Inventory", "kind: Runbook", ["2:7: error: 'kind' has to be Inventory, not 'Runbook'"]),
      ("v1alpha1", "v1", ["1:13: error: 'apiVersion' has to be pawl.dev/v1alpha1, not 'pawl.dev/v1'"]),
      ("kind: Inventory\n", "", ["1:1: error: an inventory needs the key 'kind'"]),
    ] as [(String, String, [String])])
  func reportsAtThePlace(old: String, new: String, messages: [String]) throws {
    let text = Samples.inventory.replacingFirst(old, with: new)
    #expect(text != Samples.inventory, "the sample has no '\(old)'")
    #expect(problems(text) == messages.map { "i.yaml:\($0)" })
  }

  @Test func reportsEverythingAtOnceInFileOrder() {
    let text = """
      apiVersion: pawl.dev/v1alpha1
      kind: Inventory
      metadata: {name: Lab, name: lab}
      kubernetes: {}
      ssh: {user: pawl, agent: maybe, port: 99999}
      hosts:
        - {name: a, address: 10.0.0.1, roles: [worker], via: [gone]}
        - {name: a, adress: 10.0.0.1, roles: [master]}
      groups: {a: [b]}
      polcy: {}
      """
    #expect(
      problems(text) == [
        "i.yaml:3:18: error: 'Lab' is not a name. Use small letters, digits, '-' and '.', from a letter or digit to one.",
        "i.yaml:3:23: error: 'name' is given twice; first on line 3",
        "i.yaml:4:13: error: 'kubernetes' needs the key 'kubeconfig'",
        "i.yaml:5:6: error: there is no key to log in to 'a', 'a'. Give 'keys', or set 'ssh.agent' to true.",
        "i.yaml:5:26: error: 'agent' has to be true or false, not text",
        "i.yaml:5:39: error: 'port' has to be from 1 to 65535, not 99999",
        "i.yaml:7:57: error: there is no bastion 'gone'. Bastions stand in 'ssh.bastions'.",
        "i.yaml:8:5: error: a host needs the key 'address'",
        "i.yaml:8:12: error: two hosts are called 'a'; the first is on line 7",
        "i.yaml:8:15: error: a host has no key 'adress'. Did you mean 'address'?",
        "i.yaml:8:41: error: an item of 'roles' has to be control-plane or worker or etcd or bastion, not 'master'",
        "i.yaml:9:10: error: the group 'a' has the name of a host",
        "i.yaml:9:14: error: there is no host 'b'",
        "i.yaml:10:1: error: an inventory has no key 'polcy'. Did you mean 'policy'?",
      ])
  }

  /// The address and port of worker-1, on its way and on another.
  @Test(arguments: [
    ("via: []", []),
    ("via: [bastion]", ["i.yaml:16:31: error: 'worker-2' has the address of 'worker-1', 10.1.0.21"]),
  ])
  func theSameAddressBehindOtherBastionsIsAnotherMachine(way: String, messages: [String]) {
    let text = Samples.inventory.replacingFirst(
      "address: 10.1.0.22, node: w2.lab, roles: [worker], via: [], port: 23",
      with: "address: 10.1.0.21, node: w2.lab, roles: [worker], \(way)")
    #expect(text != Samples.inventory)
    #expect(problems(text) == messages)
  }

  @Test func saysWhenBastionsAreUnused() {
    let text = Samples.inventory.replacingFirst(
      "{name: bastion,", with: "{name: b2, address: 10.0.0.3}, {name: bastion,"
    )
    .replacingFirst("zone: a}", with: "zone: a}, via: [bastion]")
    #expect(problems(text) == ["i.yaml:12:21: warning: no host is reached through the bastion 'b2'"])
  }

  @Test(arguments: ["[]", "text", "1", "null"])
  func refusesFilesThatAreNoMaps(text: String) {
    #expect(problems(text) == ["i.yaml:1:1: error: the file has to be a map with 'apiVersion' and 'kind'"])
  }

  @Test func refusesNoHosts() throws {
    let start = try #require(Samples.inventory.firstRange(of: "hosts:\n"))
    let end = try #require(Samples.inventory.firstRange(of: "groups:"))
    var text = Samples.inventory
    text.replaceSubrange(start.lowerBound..<end.lowerBound, with: "hosts: []\n")
    #expect(
      problems(text) == [
        "i.yaml:13:8: error: 'hosts' is empty", "i.yaml:14:19: error: there is no host 'worker-1'",
      ])
  }

  @Test func aKeylessInventoryWithAnAgentIsFine() {
    let text = Samples.inventory.replacingFirst("keys: [./ssh/id_nodes]\n  agent: false", with: "agent: true")
    #expect(problems(text) == [])
  }
}

extension String {
  /// The text with the first occurrence of `old` replaced.
  func replacingFirst(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    var text = self
    text.replaceSubrange(range, with: new)
    return text
  }
}
