{{- /* What the schema cannot say. Each message names the value and what to do. */}}
{{- define "conncentric.validate" -}}
{{- $values := .Values }}
{{- if not (or $values.orchestrator.enabled $values.adapter.enabled) }}
{{- fail "orchestrator.enabled and adapter.enabled are both false: nothing would be installed" }}
{{- end }}
{{- if and $values.adapter.enabled (not $values.orchestrator.enabled) (not $values.adapter.orchestrators) }}
{{- fail "adapter.orchestrators: name the orchestrators, for example http://conncentric-orchestrators.core:8080, because orchestrator.enabled is false" }}
{{- end }}
{{- if and $values.orchestrator.enabled $values.adapter.orchestrators }}
{{- fail "adapter.orchestrators: pods use the orchestrators of this release; leave it empty or set orchestrator.enabled to false" }}
{{- end }}
{{- if and (not $values.orchestrator.enabled) (not $values.tokens.existingSecret) }}
{{- fail "tokens.existingSecret: name a Secret with the pods' token, because a release without orchestrators cannot make one valid" }}
{{- end }}
{{- if le (int (include "conncentric.grace" .)) (int $values.adapter.drainTimeoutSeconds) }}
{{- fail (printf "adapter.terminationGracePeriodSeconds: %s must be more than adapter.drainTimeoutSeconds (%v), or pods are killed while they hand over" (include "conncentric.grace" .) $values.adapter.drainTimeoutSeconds) }}
{{- end }}
{{- if le (int $values.orchestrator.terminationGracePeriodSeconds) (add (int $values.orchestrator.preStopSleepSeconds) 5) }}
{{- fail "orchestrator.terminationGracePeriodSeconds: must be more than orchestrator.preStopSleepSeconds and the 5 s that requests in flight get" }}
{{- end }}
{{- if and $values.database.ca.secretName $values.database.ca.configMapName }}
{{- fail "database.ca: give secretName or configMapName, not both" }}
{{- end }}
{{- if and $values.database.ca.system (or $values.database.ca.secretName $values.database.ca.configMapName) }}
{{- fail "database.ca.system: leave it false when secretName or configMapName names a bundle" }}
{{- end }}
{{- if and $values.database.ca.system (ne $values.database.sslMode "verify-full") }}
{{- fail "database.ca.system: the CAs of the image go with database.sslMode verify-full only" }}
{{- end }}
{{- if and (has $values.database.sslMode (list "verify-ca" "verify-full")) (not (or $values.database.ca.system $values.database.ca.secretName $values.database.ca.configMapName)) }}
{{- fail (printf "database.ca: sslMode %s needs to know whom to trust; set secretName, configMapName or system" $values.database.sslMode) }}
{{- end }}
{{- if and $values.tokens.perPod (or (not $values.tokens.existingSecret) $values.tokens.record) }}
{{- fail "tokens.perPod: needs tokens.existingSecret with a key for each pod, and tokens.record false" }}
{{- end }}
{{- if and (not $values.tokens.record) (not $values.tokens.existingSecret) }}
{{- fail "tokens.record: a Secret that the chart makes must be recorded; set tokens.existingSecret or leave record true" }}
{{- end }}
{{- if and $values.ingress.enabled (not $values.ingress.hosts) }}
{{- fail "ingress.hosts: name at least one host, for example conncentric.example.com" }}
{{- end }}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs: name the Gateway, for example [{name: public, namespace: gateways}]" }}
{{- end }}
{{- if gt (int $values.adapter.autoscaling.minReplicas) (int $values.adapter.autoscaling.maxReplicas) }}
{{- fail "adapter.autoscaling.minReplicas: is more than maxReplicas" }}
{{- end }}
{{- $alerts := list }}
{{- range (.Files.Get "files/alerts.yaml" | fromYaml).groups }}{{ range .rules }}{{ $alerts = append $alerts .alert }}{{ end }}{{ end }}
{{- range $values.metrics.prometheusRule.disabled }}
{{- if not (has . $alerts) }}
{{- fail (printf "metrics.prometheusRule.disabled: there is no alert %s; there are %s" . (join ", " $alerts)) }}
{{- end }}
{{- end }}
{{- end }}
