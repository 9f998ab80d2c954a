{{- define "telemetry.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: telemetry
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}
