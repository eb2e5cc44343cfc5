{{/* The pod, which is the same in both modes but for its volume. */}}
{{- define "plinth.podTemplate" -}}
metadata:
  labels:
    # Not the chart's version: a new one alone is no reason to stop a pod.
    {{- include "plinth.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $secrets := include "plinth.secrets" . }}
  {{- if or .Values.podAnnotations $secrets }}
  annotations:
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if $secrets }}
    # New secrets, new pods. Too short to find out from it what they are.
    checksum/secret: {{ $secrets | sha256sum | trunc 8 | quote }}
    {{- end }}
  {{- end }}
spec:
  serviceAccountName: {{ include "plinth.serviceAccountName" . }}
  automountServiceAccountToken: false
  # The variables that they make begin with PLINTH_ too.
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  # Longer than Plinth takes at most: it ends by itself.
  terminationGracePeriodSeconds: {{ add .Values.shutdown.readyDelaySeconds .Values.shutdown.drainSeconds 10 }}
  initContainers:
    # Before the server and not as it starts: no probe ends a migration that takes long.
    - name: migrate
      image: {{ include "plinth.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [migrate]
      env:
        {{- include "plinth.databaseEnv" . | nindent 8 }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- include "plinth.containerRest" . | nindent 6 }}
  containers:
    - name: plinth
      image: {{ include "plinth.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        {{- include "plinth.env" . | nindent 8 }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: 8090
        {{- if .Values.metrics.enabled }}
        - name: metrics
          containerPort: {{ .Values.metrics.port }}
        {{- end }}
      startupProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- include "plinth.containerRest" . | nindent 6 }}
  volumes:
    # The root is read-only; SQLite sorts what is large in files in /tmp.
    - name: tmp
      emptyDir:
        sizeLimit: 1Gi
    {{- if eq .Values.mode "postgres" }}
    - name: data
      emptyDir:
        sizeLimit: 1Gi
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if eq .Values.mode "postgres" }}
  {{- with .Values.topologySpread.keys }}
  topologySpreadConstraints:
    {{- range . }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "plinth.selectorLabels" $ | nindent 10 }}
      # Each revision by itself: the old pods of a rolling update do not count.
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* What both containers have. */}}
{{- define "plinth.containerRest" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: data
    mountPath: /data
  - name: tmp
    mountPath: /tmp
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
