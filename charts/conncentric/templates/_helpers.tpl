{{- define "conncentric.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* Short enough that "-orchestrators" and the ordinal of a pod still fit into a name of DNS. */}}
{{- define "conncentric.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := include "conncentric.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The labels that selectors use. They never change. Takes [root, component]. */}}
{{- define "conncentric.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "conncentric.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "conncentric.labels" -}}
{{- $root := index . 0 -}}
{{ include "conncentric.selector" . }}
app.kubernetes.io/version: {{ $root.Values.image.tag | default $root.Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: conncentric
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Labels of pods: no version of the chart, which would restart them for nothing. Takes [root, component, more]. */}}
{{- define "conncentric.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "conncentric.selector" . }}
{{- with mergeOverwrite (deepCopy $root.Values.commonLabels) (deepCopy (index . 2)) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Annotations of an object. Takes [root, more, …]; the last counts most. Empty if there is none. */}}
{{- define "conncentric.annotations" -}}
{{- $root := index . 0 -}}
{{- $all := deepCopy $root.Values.commonAnnotations -}}
{{- range rest . }}{{ $all = mergeOverwrite $all (deepCopy .) }}{{ end -}}
{{- with $all }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "conncentric.image" -}}
{{- $image := .Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* Takes [root, "orchestrator" or "adapter"]. */}}
{{- define "conncentric.serviceAccount" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- if $account.create }}
{{- $account.name | default (printf "%s-%s" (include "conncentric.fullname" $root) (index . 1)) }}
{{- else }}
{{- $account.name | default "default" }}
{{- end }}
{{- end }}

{{- /* What Pod Security Standards call `restricted`. No uid: OpenShift gives one, and the image names one elsewhere. */}}
{{- define "conncentric.podSecurity" -}}
{{- $base := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") -}}
securityContext:
  {{- toYaml (mergeOverwrite $base (deepCopy .)) | nindent 2 }}
{{- end }}

{{- define "conncentric.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "conncentric.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Where pods are put. Takes [root, component]. */}}
{{- define "conncentric.placement" -}}
{{- $root := index . 0 }}
{{- $part := index $root.Values (index . 1) }}
{{- $selector := dict "matchLabels" (include "conncentric.selector" . | fromYaml) }}
{{- with $part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $part.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- $affinity := deepCopy $part.affinity }}
{{- $term := dict "labelSelector" $selector "topologyKey" "kubernetes.io/hostname" }}
{{- if not (hasKey $affinity "podAntiAffinity") }}
{{- if eq $part.antiAffinity "hard" }}
{{- $_ := set $affinity "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term)) }}
{{- else if eq $part.antiAffinity "soft" }}
{{- $preferred := dict "weight" 100 "podAffinityTerm" $term }}
{{- $_ := set $affinity "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" (list $preferred)) }}
{{- end }}
{{- end }}
{{- with $affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $constraint := deepCopy . }}
  {{- if not $constraint.labelSelector }}{{ $_ := set $constraint "labelSelector" $selector }}{{ end }}
  - {{ toYaml $constraint | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* A probe of the management port. Takes [path, settings]. */}}
{{- define "conncentric.probe" -}}
httpGet:
  path: {{ index . 0 }}
  port: management
{{ toYaml (index . 1) }}
{{- end }}

{{- /* How to reach the database. Takes [root, "app" or "owner"]. */}}
{{- define "conncentric.databaseEnv" -}}
{{- $database := (index . 0).Values.database -}}
{{- $secret := dict "existingSecret" $database.existingSecret "urlKey" $database.urlKey "userKey" $database.userKey "passwordKey" $database.passwordKey -}}
{{- if and (eq (index . 1) "owner") $database.owner.existingSecret }}{{ $secret = $database.owner }}{{ end -}}
{{- if $database.host }}
{{- $hosts := list }}
{{- range $database.host }}{{ $hosts = append $hosts (printf "%s:%v" . $database.port) }}{{ end }}
- name: DATABASE_URL
  value: postgresql://{{ join "," $hosts }}/{{ $database.name }}
- name: PGUSER
  valueFrom:
    secretKeyRef: { name: {{ $secret.existingSecret }}, key: {{ $secret.userKey }} }
- name: PGPASSWORD
  valueFrom:
    secretKeyRef: { name: {{ $secret.existingSecret }}, key: {{ $secret.passwordKey }} }
{{- else }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: { name: {{ $secret.existingSecret }}, key: {{ $secret.urlKey }} }
{{- end }}
- name: PGSSLMODE
  value: {{ $database.sslMode }}
{{- if $database.ca.system }}
- name: PGSSLROOTCERT
  value: system
{{- else if or $database.ca.secretName $database.ca.configMapName }}
- name: PGSSLROOTCERT
  value: /etc/conncentric/database-ca/ca.crt
{{- end }}
{{- if $database.clientCertificate.secretName }}
- name: PGSSLCERT
  value: /etc/conncentric/database-certificate/tls.crt
- name: PGSSLKEY
  value: /etc/conncentric/database-certificate/tls.key
{{- end }}
{{- end }}

{{- define "conncentric.databaseMounts" -}}
{{- $database := .Values.database -}}
{{- if or $database.ca.secretName $database.ca.configMapName }}
- name: database-ca
  mountPath: /etc/conncentric/database-ca
  readOnly: true
{{- end }}
{{- if $database.clientCertificate.secretName }}
- name: database-certificate
  mountPath: /etc/conncentric/database-certificate
  readOnly: true
{{- end }}
{{- end }}

{{- /* Secrets are readable for the group: the image's user is in group 0, and so is OpenShift's. */}}
{{- define "conncentric.databaseVolumes" -}}
{{- $database := .Values.database -}}
{{- $certificate := $database.clientCertificate -}}
{{- if $database.ca.secretName }}
- name: database-ca
  secret:
    secretName: {{ $database.ca.secretName }}
    defaultMode: 0440
    items: [{ key: {{ $database.ca.key }}, path: ca.crt }]
{{- else if $database.ca.configMapName }}
- name: database-ca
  configMap:
    name: {{ $database.ca.configMapName }}
    defaultMode: 0444
    items: [{ key: {{ $database.ca.key }}, path: ca.crt }]
{{- end }}
{{- if $certificate.secretName }}
- name: database-certificate
  secret:
    secretName: {{ $certificate.secretName }}
    defaultMode: 0440
    items:
      - { key: {{ $certificate.certificateKey }}, path: tls.crt }
      - { key: {{ $certificate.privateKeyKey }}, path: tls.key }
{{- end }}
{{- end }}

{{- define "conncentric.logEnv" -}}
CONNCENTRIC_LOG_FORMAT: {{ .Values.log.format }}
{{- with .Values.log.filter }}
RUST_LOG: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "conncentric.traceEnv" -}}
{{- with .Values.traces.otlpEndpoint }}
CONNCENTRIC_OTLP_ENDPOINT: {{ . | quote }}
{{- end }}
{{- end }}

{{- /* The port of the collector of traces, for NetworkPolicies. Empty if there is none. */}}
{{- define "conncentric.collectorPort" -}}
{{- with .Values.traces.otlpEndpoint }}
{{- $url := urlParse . }}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}
{{- end }}

{{- /* The plain settings of a part, for its ConfigMap and for the checksum that restarts its pods. */}}
{{- define "conncentric.orchestratorConfig" -}}
{{ include "conncentric.logEnv" . }}
{{- include "conncentric.traceEnv" . }}
CONNCENTRIC_LISTEN: "0.0.0.0:{{ .Values.orchestrator.port }}"
CONNCENTRIC_MANAGEMENT_LISTEN: "0.0.0.0:{{ .Values.orchestrator.managementPort }}"
CONNCENTRIC_MIGRATIONS: {{ ternary "boot" "none" (eq .Values.migrations.mode "boot") }}
CONNCENTRIC_PULSE_RETENTION: {{ .Values.orchestrator.pulseRetention }}
{{- if .Values.tokens.record }}
CONNCENTRIC_TOKENS_DIR: /etc/conncentric/tokens
{{- end }}
{{- end }}

{{- define "conncentric.adapterConfig" -}}
{{- $labels := list }}
{{- range $key, $value := .Values.adapter.labels }}{{ $labels = append $labels (printf "%s=%s" $key $value) }}{{ end -}}
{{ include "conncentric.logEnv" . }}
{{- include "conncentric.traceEnv" . }}
CONNCENTRIC_ORCHESTRATOR: {{ include "conncentric.orchestrators" . }}
CONNCENTRIC_MANAGEMENT_LISTEN: "0.0.0.0:{{ .Values.adapter.managementPort }}"
CONNCENTRIC_CAPACITY: {{ .Values.adapter.capacity | int64 | quote }}
CONNCENTRIC_DRAIN_TIMEOUT: {{ .Values.adapter.drainTimeoutSeconds }}s
CONNCENTRIC_DATA_DIR: /var/lib/conncentric/sessions
{{- with $labels }}
CONNCENTRIC_LABELS: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{- /*
The name of the headless Service gives the address of each orchestrator, so a pod that finds one dead goes on to the next by
itself. Behind one cluster address it might be sent to the dead one until the cluster has noticed.
*/}}
{{- define "conncentric.orchestrators" -}}
{{- if .Values.adapter.orchestrators }}
{{- join "," .Values.adapter.orchestrators }}
{{- else }}
{{- printf "http://%s-orchestrators:%v" (include "conncentric.fullname" .) .Values.orchestrator.port }}
{{- end }}
{{- end }}

{{- define "conncentric.tokensSecret" -}}
{{- .Values.tokens.existingSecret | default (printf "%s-tokens" (include "conncentric.fullname" .)) }}
{{- end }}

{{- define "conncentric.grace" -}}
{{- if kindIs "invalid" .Values.adapter.terminationGracePeriodSeconds }}
{{- add .Values.adapter.drainTimeoutSeconds 10 }}
{{- else }}
{{- .Values.adapter.terminationGracePeriodSeconds }}
{{- end }}
{{- end }}

{{- /* Takes [root, "migrate" or "doctor", "app" or "owner"]: one run of the program on the database. */}}
{{- define "conncentric.databaseTask" -}}
{{- $root := index . 0 -}}
- name: {{ index . 1 }}
  image: {{ include "conncentric.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  args: [{{ index . 1 }}]
  env:
    - name: CONNCENTRIC_LOG_FORMAT
      value: {{ $root.Values.log.format }}
    {{- include "conncentric.databaseEnv" (list $root (index . 2)) | nindent 4 }}
  {{- include "conncentric.containerSecurity" $root | nindent 2 }}
  resources:
    {{- toYaml $root.Values.migrations.resources | nindent 4 }}
  {{- with include "conncentric.databaseMounts" $root | trim }}
  volumeMounts:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}
