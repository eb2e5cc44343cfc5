{{/* Short enough that what is appended, by us and by Kubernetes, still fits into 63. */}}
{{- define "plinth.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Never to be changed: a Deployment's and a StatefulSet's selector cannot be. */}}
{{- define "plinth.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "plinth.labels" -}}
{{ include "plinth.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "plinth.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "plinth.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "plinth.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Where people reach the server; empty when nobody said. */}}
{{- define "plinth.url" -}}
{{- if .Values.app.url -}}
{{- .Values.app.url -}}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts -}}
{{- printf "%s://%s" (ternary "https" "http" .Values.ingress.tls.enabled) (first .Values.ingress.hosts) -}}
{{- end -}}
{{- end -}}

{{/* What the Secret of the chart holds: the secrets that were given as values. */}}
{{- define "plinth.secrets" -}}
{{- with .Values.database.url }}
database-url: {{ b64enc . }}
{{- end }}
{{- with .Values.mail.smtpUrl }}
smtp-url: {{ b64enc . }}
{{- end }}
{{- with .Values.metrics.token }}
metrics-token: {{ b64enc . }}
{{- end }}
{{- end -}}

{{/* One variable out of a Secret: theirs, or the chart's. (dict "root" $ "variable" … "value" … "existing" … "key" …) */}}
{{- define "plinth.secretVariable" -}}
{{- if or .value .existing.name }}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ default (include "plinth.fullname" .root) .existing.name }}
      key: {{ ternary .existing.key .key (ne .existing.name "") }}
{{- end }}
{{- end -}}

{{/* What it takes to find the database: all that migrating needs. */}}
{{- define "plinth.databaseEnv" -}}
- name: PLINTH_DIR
  value: /data
- name: PLINTH_LOG
  value: {{ .Values.log }}
- name: PLINTH_DATABASE_CONNECTIONS
  value: {{ .Values.database.connections | quote }}
{{- include "plinth.secretVariable" (dict "root" $ "variable" "PLINTH_DATABASE_URL" "value" .Values.database.url
    "existing" .Values.database.existingSecret "key" "database-url") }}
{{- end -}}

{{- define "plinth.env" -}}
{{ include "plinth.databaseEnv" . }}
- name: PLINTH_HTTP
  value: 0.0.0.0:8090
- name: PLINTH_WORKERS
  value: {{ .Values.server.workers | quote }}
- name: PLINTH_HASHING_THREADS
  value: {{ .Values.server.hashingThreads | quote }}
- name: PLINTH_APP_NAME
  value: {{ .Values.app.name | quote }}
{{- with include "plinth.url" . }}
- name: PLINTH_APP_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.mail.from }}
- name: PLINTH_MAIL_FROM
  value: {{ . | quote }}
{{- end }}
{{- include "plinth.secretVariable" (dict "root" $ "variable" "PLINTH_SMTP_URL" "value" .Values.mail.smtpUrl
    "existing" .Values.mail.existingSecret "key" "smtp-url") }}
{{- with .Values.jobs.allowNetworks }}
- name: PLINTH_OUTBOUND_ALLOW
  value: {{ toJson . | quote }}
{{- end }}
{{- if .Values.metrics.enabled }}
- name: PLINTH_METRICS_HTTP
  value: 0.0.0.0:{{ .Values.metrics.port }}
{{- end }}
{{- include "plinth.secretVariable" (dict "root" $ "variable" "PLINTH_METRICS_TOKEN" "value" .Values.metrics.token
    "existing" .Values.metrics.existingSecret "key" "metrics-token") }}
- name: PLINTH_READY_DELAY_SECONDS
  value: {{ .Values.shutdown.readyDelaySeconds | quote }}
- name: PLINTH_DRAIN_SECONDS
  value: {{ .Values.shutdown.drainSeconds | quote }}
{{- end -}}
