import Testing

@testable import PawlModel

@Suite struct RunbookDiagnosticsTests {
  private func problems(_ text: String) -> [String] {
    do {
      _ = try Runbook.read(text: text, file: "r.yaml")
      return []
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  /// A runbook of the given steps, each a line from line 6 on.
  private func runbook(steps: [String]) -> String {
    let head = [
      "apiVersion: pawl.dev/v1alpha1", "kind: Runbook",
      "metadata: {name: r, version: 1.0.0, description: d.}",
      "inputs: {target: {type: version}, count: {type: int, default: 1}}", "steps:",
    ]
    return (head + steps.map { "- " + $0 }).joined(separator: "\n") + "\n"
  }

  /// One step, and what is said about it.
  @Test(
    arguments: [
      ("{id: a, uses: node/drain@v1}", []),
      ("{uses: node/drain@v1}", ["6:3: error: a step needs the key 'id'"]),
      (
        "{id: A, uses: node/drain@v1}",
        ["6:8: error: 'A' is not an id. Use small letters, digits and '-', from a letter on."]
      ),
      ("{id: a}", ["6:3: error: a step needs 'uses' or 'steps'"]),
      (
        "{id: a, uses: a/b@v1, steps: [{id: b, uses: a/b@v1}]}",
        ["6:32: error: a step has 'uses' or 'steps', not both"]
      ),
      ("{id: a, steps: []}", ["6:18: error: 'steps' is empty"]),
      ("{id: a, steps: {}}", ["6:18: error: 'steps' has to be a list, not a map"]),
      (
        "{id: a, steps: [{id: b, uses: a/b@v1}], retry: {attempts: 2}}",
        [
          "6:50: error: 'retry' belongs to a step with 'uses', not to a group"
        ]
      ),
      (
        "{id: a, steps: [{id: b, uses: a/b@v1}], with: {}, timeout: 1m}",
        [
          "6:49: error: 'with' belongs to a step with 'uses', not to a group",
          "6:62: error: 'timeout' belongs to a step with 'uses', not to a group",
        ]
      ),
      (
        "{id: a, use: node/drain@v1}",
        [
          "6:3: error: a step needs 'uses' or 'steps'",
          "6:11: error: a step has no key 'use'. Did you mean 'uses'?",
        ]
      ),
      (
        "{id: a, uses: drain}",
        ["6:17: error: 'drain' does not name an action. Write area/name@v1, such as node/drain@v1."]
      ),
      (
        "{id: a, uses: node/drain}",
        ["6:17: error: 'node/drain' does not name an action. Write area/name@v1, such as node/drain@v1."]
      ),
      (
        "{id: a, uses: node/drain@v0}",
        ["6:17: error: 'node/drain@v0' does not name an action. Write area/name@v1, such as node/drain@v1."]
      ),
      (
        "{id: a, uses: node/drain@v01}",
        ["6:17: error: 'node/drain@v01' does not name an action. Write area/name@v1, such as node/drain@v1."]
      ),
      (
        "{id: a, uses: a/b@v1, on: {role: workers}}",
        [
          "6:36: error: 'role' has to be control-plane or worker or etcd or bastion, not 'workers'. Did you mean 'worker'?"
        ]
      ),
      (
        "{id: a, uses: a/b@v1, on: {pick: one}}",
        ["6:36: error: 'pick' has to be all or first or rest, not 'one'"]
      ),
      ("{id: a, uses: a/b@v1, on: worker}", ["6:29: error: 'on' has to be a map, not text"]),
      ("{id: a, uses: a/b@v1, on: {}, parallel: policy.maxUnavailable}", []),
      (
        "{id: a, uses: a/b@v1, parallel: 2}",
        ["6:35: error: 'parallel' needs 'on' or 'forEach': there is nothing to repeat"]
      ),
      ("{id: a, uses: a/b@v1, as: x}", ["6:29: error: 'as' names what 'forEach' binds, and there is none"]),
      (
        "{id: a, uses: a/b@v1, forEach: upgrade.hops, as: host}",
        [
          "6:52: error: 'host' is taken already. Choose another name with 'as'."
        ]
      ),
      (
        "{id: a, uses: a/b@v1, forEach: upgrade.hops, as: The}",
        [
          "6:52: error: 'The' is not a name. Use letters, digits and '_', from a small letter on."
        ]
      ),
      (
        "{id: a, uses: a/b@v1, forEach: item.parts}",
        [
          "6:34: error: 'item' is not known here. There is: inputs, cluster, upgrade, policy, packages."
        ]
      ),
      (
        "{id: a, uses: a/b@v1, forEach: upgrade.hops, when: item.ready and itm.done}",
        [
          "6:69: error: 'itm' is not known here. Did you mean 'item'?"
        ]
      ),
      (
        "{id: a, uses: a/b@v1, when: host.ready}",
        [
          "6:31: error: there is no 'host' here. A step has one when it or a group around it has 'on'."
        ]
      ),
      (
        "{id: a, uses: a/b@v1, on: {}, parallel: host.count}",
        [
          "6:43: error: there is no 'host' here. A step has one when it or a group around it has 'on'."
        ]
      ),
      (
        "{id: a, uses: a/b@v1, when: inputs.targt == '1.20'}",
        ["6:31: error: there is no input 'targt'. Did you mean 'target'?"]
      ),
      (
        "{id: a, uses: a/b@v1, when: \"inputs['nothing']\"}",
        ["6:32: error: there is no input 'nothing'. There is: target, count."]
      ),
      (
        "{id: a, uses: a/b@v1, when: 'a = b'}",
        ["6:34: error: '=' has no meaning in an expression. Compare with '=='."]
      ),
      ("{id: a, uses: a/b@v1, when: [x]}", ["6:31: error: 'when' has to be an expression, not a list"]),
      ("{id: a, uses: a/b@v1, when: true}", []),
      ("{id: a, uses: a/b@v1, when: \"${{ inputs.count > 1 }}\"}", []),
      (
        "{id: a, uses: a/b@v1, title: \"For ${{ hots }}\"}",
        ["6:41: error: 'hots' is not known here. There is: inputs, cluster, upgrade, policy, packages."]
      ),
      ("{id: a, uses: a/b@v1, title: \"For ${{ hots\"}", ["6:37: error: '${{' is not closed by '}}'"]),
      (
        "{id: a, uses: a/b@v1, with: {x: \"${{ y }}\", z: [\"${{ q }}\"]}}",
        [
          "6:40: error: 'y' is not known here. There is: inputs, cluster, upgrade, policy, packages.",
          "6:56: error: 'q' is not known here. There is: inputs, cluster, upgrade, policy, packages.",
        ]
      ),
      (
        "{id: a, uses: a/b@v1, with: {x: 1.20}}",
        ["6:35: error: 'x' is a number that is not whole. Put it in quotes: \"1.20\"."]
      ),
      ("{id: a, uses: a/b@v1, with: {x-y: 1}}", ["6:32: error: 'x-y' is not a name for a parameter"]),
      ("{id: a, uses: a/b@v1, with: {x: 1, x: 2}}", ["6:38: error: 'x' is given twice; first on line 6"]),
      (
        "{id: a, uses: a/b@v1, retry: {attempts: 0}}",
        ["6:43: error: 'attempts' has to be from 1 to 100, not 0"]
      ),
      (
        "{id: a, uses: a/b@v1, retry: {delay: 1m, maxDelay: 1s}}",
        [
          "6:32: error: 'retry' needs the key 'attempts'", "6:54: error: 'maxDelay' is shorter than 'delay'",
        ]
      ),
      ("{id: a, uses: a/b@v1, retry: {attempts: 2, delay: 5m}}", []),
      (
        "{id: a, uses: a/b@v1, timeout: soon}",
        ["6:34: error: 'timeout': 'soon' is not a duration; write 10s, 5m or 1h30m"]
      ),
      (
        "{id: a, uses: a/b@v1, timeout: \"${{ inputs.tme }}\"}",
        ["6:39: error: there is no input 'tme'. There is: target, count."]
      ),
      ("{id: a, uses: a/b@v1, timeout: 0s}", ["6:34: error: 'timeout' has to be at least 1s"]),
      (
        "{id: a, uses: a/b@v1, needs: [a]}",
        ["6:33: error: these steps wait for each other: a -> a. A step cannot need itself."]
      ),
      (
        "{id: a, uses: a/b@v1, needs: [b]}",
        ["6:33: error: there is no step 'b' in this list. 'needs' names steps of the same list."]
      ),
      ("text", ["6:3: error: an item of 'steps' has to be a map, not text"]),
    ] as [(String, [String])])
  func reportsStepsAtThePlace(step: String, messages: [String]) {
    #expect(problems(runbook(steps: [step])) == messages.map { "r.yaml:\($0)" })
  }

  /// Steps `id: needs`, and the cycles among them.
  @Test(
    arguments: [
      (["a", "b", "c"], []), (["a [c]", "b []", "c [b]"], []),
      (["a [b]", "b [a]"], ["6:33: error: these steps wait for each other: a -> b -> a"]),
      // b follows a because it has no needs.
      (["a [b]", "b"], ["6:33: error: these steps wait for each other: a -> b -> a"]),
      (
        ["a []", "b [d]", "c [b]", "d [c]"],
        ["7:33: error: these steps wait for each other: b -> d -> c -> b"]
      ),
      (
        ["a [b]", "b [a]", "c [d]", "d [c, a]"],
        [
          "6:33: error: these steps wait for each other: a -> b -> a",
          "8:33: error: these steps wait for each other: c -> d -> c",
        ]
      ),
      (["a", "b", "a"], ["8:8: error: two steps have the id 'a'; the first is on line 6"]),
      (["a", "b [a, a]"], ["7:36: error: 'a' is needed twice"]),
      (
        ["drain", "b [drian]"], ["7:33: error: there is no step 'drian' in this list. Did you mean 'drain'?"]
      ),
    ] as [([String], [String])])
  func reportsTheOrder(steps: [String], messages: [String]) {
    let lines = steps.map { step in
      let parts = step.split(separator: " ", maxSplits: 1)
      let needs = parts.count > 1 ? ", needs: \(parts[1])" : ""
      return "{id: \(parts[0]), uses: a/b@v1\(needs)}"
    }
    #expect(problems(runbook(steps: lines)) == messages.map { "r.yaml:\($0)" })
  }

  @Test func aCircleOfManyStepsIsOneCycle() {
    let forward = (0..<1500).map { "{id: s\($0), uses: a/b@v1, needs: [s\(($0 + 1) % 1500)]}" }
    #expect(problems(runbook(steps: forward)).count == 1)
  }

  @Test(
    arguments: [
      (
        "version: 1.0.0", "version: 1.0",
        ["3:44: error: 'version' has to be text, not the number 1.0. Put it in quotes: \"1.0\"."]
      ),
      (
        "version: 1.0.0", "version: '1.0'",
        ["3:44: error: '1.0' is not a version. Write three numbers, such as 1.0.0."]
      ),
      (
        "version: 1.0.0", "version: v1.0.0",
        ["3:44: error: 'v1.0.0' is not a version. Write three numbers, such as 1.0.0."]
      ),
      (
        "name: kubeadm-upgrade", "name: Upgrade",
        ["3:18: error: 'Upgrade' is not a name. Use small letters, digits and '-', from a letter on."]
      ),
      (
        ", description: Takes a cluster to a version.", "",
        ["3:11: error: 'metadata' needs the key 'description'"]
      ),
      ("kind: Runbook", "kind: Inventory", ["2:7: error: 'kind' has to be Runbook, not 'Inventory'"]),
      (
        "target: {type: version", "Target: {type: version",
        [
          "5:3: error: 'Target' is not a name for an input. Use letters, digits and '_', from a small letter on."
        ]
      ),
      (
        "type: version", "type: verison",
        [
          "5:18: error: 'type' has to be string or int or bool or version or duration, not 'verison'. Did you mean 'version'?"
        ]
      ),
      (
        "type: version", "typ: version",
        [
          "5:11: error: an input needs the key 'type'",
          "5:12: error: an input has no key 'typ'. Did you mean 'type'?",
        ]
      ),
      (
        "type: version,", "type: version, default: 1.20,",
        ["5:36: error: 'default' has to be text, not the number 1.20. Put it in quotes: \"1.20\"."]
      ),
      (
        "type: version,", "type: version, default: latest,",
        ["5:36: error: 'default': 'latest' is not a version such as 1.20 or 1.20.3"]
      ),
      (
        "default: 10m", "default: 10",
        ["6:43: error: 'default': '10' is not a duration; write 10s, 5m or 1h30m"]
      ),
      ("default: safe", "default: save", ["7:53: error: the default is not one of the values of 'enum'"]),
      ("enum: [safe, fast], default: safe", "enum: []", ["7:30: error: 'enum' is empty"]),
      (
        "inputs.drainTimeout }}\", force", "inputs.draintimeout }}\", force",
        ["21:34: error: there is no input 'draintimeout'. Did you mean 'drainTimeout'?"]
      ),
      (
        "host.kubelet.version < hop.version", "host.kubelet.version < hpo.version",
        ["16:38: error: 'hpo' is not known here. Did you mean 'hop'?"]
      ),
      (
        "forEach: ${{ upgrade.hops }}", "forEach: ${{ upgrade.hops }",
        ["10:31: error: '}' has no meaning in an expression. An expression in braces ends with '}}'."]
      ),
      (
        "    as: hop", "    as: policy",
        [
          "11:9: error: 'policy' is taken already. Choose another name with 'as'.",
          "16:38: error: 'hop' is not known here. There is: inputs, host, cluster, upgrade, policy, packages.",
          "21:101: error: 'hop' is not known here. There is: inputs, host, cluster, upgrade, policy, packages.",
        ]
      ),
      (
        "steps:\n  - id: hop", "stesp:\n  - id: hop",
        [
          "1:1: error: a runbook needs the key 'steps'",
          "8:1: error: a runbook has no key 'stesp'. Did you mean 'steps'?",
        ]
      ),
    ] as [(String, String, [String])])
  func reportsTheRestAtThePlace(old: String, new: String, messages: [String]) {
    let text = Samples.runbook.replacingFirst(old, with: new)
    #expect(problems(text) == messages.map { "r.yaml:\($0)" })
  }

  @Test func findsColumnsInBlocksOfText() {
    let text = runbook(steps: [
      "id: a\n  uses: a/b@v1\n  with:\n    script: |\n      one\n      two ${{ nope }}\n"
    ])
    #expect(
      problems(text) == [
        "r.yaml:11:15: error: 'nope' is not known here. There is: inputs, cluster, upgrade, policy, packages."
      ])
  }
}
