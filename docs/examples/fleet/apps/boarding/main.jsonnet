local service = import 'lib/service.libsonnet';

function(region) std.flattenArrays([
  service('gates', 'gates:1.3.0', 8080, 2),
  service('scanner', 'scanner:4.0.2', 8080, 3),
  service('announcer', 'announcer:0.6.1', 8080),
]) + [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'boarding-region' },
    data: { region: region },
  },
]
