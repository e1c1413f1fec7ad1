/// Valid files that the tests read, and break.
enum Samples {
  static let inventory = """
    apiVersion: pawl.dev/v1alpha1
    kind: Inventory
    metadata: {name: lab}
    kubernetes: {kubeconfig: ./kubeconfig, context: lab}
    ssh:
      user: pawl
      port: 2222
      keys: [./ssh/id_nodes]
      agent: false
      knownHosts: [./ssh/known_hosts]
      connectTimeout: 10s
      bastions: [{name: bastion, address: 10.0.0.2, user: jump, port: 22, keys: [../id_bastion]}]
    hosts:
      - {name: cp-1, address: 10.1.0.11, node: cp-1, roles: [control-plane], labels: {zone: a}, user: , port: ~, keys: null}
      - {name: worker-1, address: 10.1.0.21, roles: [worker], via: [bastion]}
      - {name: worker-2, address: 10.1.0.22, node: w2.lab, roles: [worker], via: [], port: 23, keys: [~/id]}
    groups: {canary: [worker-1]}
    packages:
      manager: apt
      sourceTemplate: "deb https://packages.example.org/v{minor}/deb/ /"
      sourceFile: /etc/apt/sources.list.d/k8s.list
    policy: {maxUnavailable: 2, drainTimeout: 10m, localData: delete, unmanagedPods: refuse, onFailure: undo}

    """

  static let runbook = """
    apiVersion: pawl.dev/v1alpha1
    kind: Runbook
    metadata: {name: kubeadm-upgrade, version: 1.0.0, description: Takes a cluster to a version.}
    inputs:
      target: {type: version, description: The version to reach.}
      drainTimeout: {type: duration, default: 10m}
      mode: {type: string, enum: [safe, fast], default: safe}
    steps:
      - id: hop
        forEach: ${{ upgrade.hops }}
        as: hop
        steps:
          - id: workers
            on: {role: worker, pick: rest}
            parallel: ${{ policy.maxUnavailable }}
            when: host.kubelet.version < hop.version
            steps:
              - id: drain
                title: Drain ${{ host.node }}
                uses: node/drain@v1
                with: {timeout: "${{ inputs.drainTimeout }}", force: false, grace: 30, labels: [a, "${{ hop.version }}"]}
                retry: {attempts: 3, delay: 10s, maxDelay: 1m}
                timeout: 15m
              - id: packages
                uses: packages/install@v2
                needs: [drain]
              - id: notes
                uses: host/note@v1
                needs: []
                timeout: ${{ inputs.drainTimeout }}

    """
}
