// Numbers, sizes and times as a person reads them.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

export function bytes(value) {
  let scaled = value
  let unit = 0
  while (scaled >= 1000 && unit < UNITS.length - 1) {
    scaled /= 1000
    unit++
  }
  return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[unit]}`
}

export function count(value) {
  return Math.round(value).toLocaleString('en')
}

/** Short: 12.3k. */
export function rate(perSecond) {
  if (perSecond === null) return '–'
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(1)}M/s`
  if (perSecond >= 1e4) return `${(perSecond / 1e3).toFixed(0)}k/s`
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toFixed(1)}k/s`
  return `${perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1)}/s`
}

export function percent(ratio) {
  return `${Math.round(ratio * 100)} %`
}

export function duration(ms) {
  if (ms < 0) return '–'
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

export function time(ms) {
  if (ms < 0) return '–'
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}

/** Long texts, cut in the middle of nowhere. */
export function short(text, chars) {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`
}
