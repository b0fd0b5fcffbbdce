// Drives one unmodified Baileys client over JSON lines: commands on standard input, events on standard output.
// usage: node driver.mjs WEBSOCKET_URL ROOT_KEY_HEX AUTH_FOLDER MODULES_FOLDER
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , url, rootKey, folder, modules] = process.argv
const load = name => import(pathToFileURL(createRequire(join(modules, 'package.json')).resolve(name)).href)
const {
  default: makeWASocket, decryptPollVote, downloadMediaMessage, generateMessageIDV2, jidNormalizedUser, normalizeMessageContent,
  proto, useMultiFileAuthState
} = await load('baileys')
const { WA_CERT_DETAILS } = await import(pathToFileURL(join(modules, 'node_modules/baileys/lib/Defaults/index.js')).href)
const { default: pino } = await load('pino')

// The certificate root is an exported, mutable buffer: the one thing that is changed, so that the emulator is trusted.
Buffer.from(rootKey, 'hex').copy(WA_CERT_DETAILS.PUBLIC_KEY)

const say = event => process.stdout.write('@@' + JSON.stringify(event) + '\n')
const { state, saveCreds } = await useMultiFileAuthState(folder)
const sent = new Map()
const files = new Map()
const agreed = new Map()
const names = []
const kinds = ['image', 'video', 'audio', 'document', 'sticker', 'ptv']
const proofs = new Map([[3, 'delivered'], [4, 'read'], [5, 'played']])
const logger = pino({ level: process.env.BAILEYS_LOG ?? 'silent' }, pino.destination(2))
let socket

const readable = message => {
  const inner = message?.deviceSentMessage?.message ?? message?.ephemeralMessage?.message ?? message
  return inner?.conversation ?? inner?.extendedTextMessage?.text ?? null
}

// A vote in a poll that was sent from here. Baileys leaves it to its caller to open it.
const voteIn = (message, key) => {
  const update = message?.pollUpdateMessage
  if (!update) return []
  const poll = sent.get(update.pollCreationMessageKey.id)
  const { selectedOptions } = decryptPollVote(update.vote, {
    pollCreatorJid: jidNormalizedUser(socket.user.lid),
    pollMsgId: update.pollCreationMessageKey.id,
    pollEncKey: poll.messageContextInfo.messageSecret,
    voterJid: jidNormalizedUser(key.remoteJid),
  })
  return selectedOptions.map(digest => Buffer.from(digest).toString('hex'))
}

const connect = () => {
  socket = makeWASocket({
    waWebSocketUrl: url,
    auth: state,
    logger,
    markOnlineOnConnect: false,
    syncFullHistory: false,
    getMessage: async key => sent.get(key.id),
  })
  socket.ev.on('creds.update', saveCreds)
  socket.ev.on('connection.update', async update => {
    if (update.qr) say({ event: 'qr', text: update.qr })
    if (update.connection === 'open') say({ event: 'open', me: state.creds.me })
    if (update.connection === 'close') {
      const status = update.lastDisconnect?.error?.output?.statusCode
      say({ event: 'closed', status })
      if (status !== 401) connect()
    }
  })
  socket.ev.on('messages.upsert', ({ messages, type }) => {
    for (const received of messages) {
      const { key, message, pushName } = received
      const raw = message ? Buffer.from(proto.Message.encode(message).finish()).toString('hex') : ''
      if (!key.fromMe) say({ event: 'content', id: key.id, raw, vote: voteIn(message, key) })
      const inner = normalizeMessageContent(message?.deviceSentMessage?.message ?? message)
      const kind = kinds.find(each => inner?.[`${each}Message`])
      if (kind) {
        files.set(key.id, received)
        say({ event: 'file', id: key.id, kind, caption: inner[`${kind}Message`].caption ?? '', from_me: !!key.fromMe })
      }
      // What comes while a message of ours is still being told of is told with it.
      for (const { readTimestamp } of received.userReceipt ?? []) {
        say({ event: 'proof', id: key.id, how: readTimestamp ? 'read' : 'delivered' })
      }
      const text = readable(message)
      if (text !== null) say({ event: 'message', id: key.id, text, from_me: !!key.fromMe, chat: key.remoteJid, name: pushName, type })
    }
  })
  socket.ev.on('presence.update', update => say({ event: 'presence', ...update }))
  socket.ev.on('call', calls => calls.forEach(call => say({ event: 'call', id: call.id, status: call.status })))
  socket.ev.on('contacts.update', contacts => contacts.forEach(contact => say({ event: 'contact', ...contact })))
  socket.ev.on('blocklist.update', update => say({ event: 'blocklist', ...update }))
  socket.ev.on('message-receipt.update', updates => updates.forEach(({ key, receipt }) =>
    say({ event: 'proof', id: key.id, how: receipt.readTimestamp ? 'read' : 'delivered' })))
  socket.ev.on('chats.update', chats => chats.forEach(({ id, archived, muteEndTime }) => {
    const known = agreed.get(id) ?? {}
    agreed.set(id, { archived: archived ?? known.archived, muted: muteEndTime === undefined ? known.muted : Number(muteEndTime) })
  }))
  socket.ev.on('contacts.upsert', contacts => contacts.forEach(({ name }) => names.push(name)))
  socket.ev.on('messages.update', updates => updates.forEach(({ key, update }) =>
    say({ event: 'proof', id: key.id, how: proofs.get(update.status) })))
}

const sendFile = async (to, content) => {
  const messageId = generateMessageIDV2(socket.user?.id)
  const made = await socket.sendMessage(to, content, { messageId })
  sent.set(messageId, made.message)
  return { id: messageId }
}

// What is said by its fields, which Baileys has no words for. Its definitions pass over what they do not know.
const relay = async (to, fields) => {
  const messageId = generateMessageIDV2(socket.user?.id)
  const message = proto.Message.fromObject(fields)
  const known = proto.Message.toObject(message, { enums: Number, longs: Number })
  if (leaves(known) !== leaves(fields)) throw new Error(`not all of it is known: ${JSON.stringify(known)}`)
  sent.set(messageId, message)
  await socket.relayMessage(to, message, { messageId })
  return { id: messageId }
}

const leaves = value =>
  value !== null && typeof value === 'object' ? Object.values(value).reduce((sum, each) => sum + leaves(each), 0) : 1

// JSON has no files and no moments.
const revived = (value, path) => {
  if (value === '@file') return { url: path }
  if (Array.isArray(value)) return value.map(each => revived(each, path))
  if (value === null || typeof value !== 'object') return value
  if ('@date' in value) return new Date(value['@date'])
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revived(each, path)]))
}

const post = async (to, content, options) => {
  const { key, message } = await socket.sendMessage(to, content, options)
  sent.set(key.id, message)
  return { id: key.id }
}

const people = {
  check: async ({ numbers }) => {
    const found = await socket.onWhatsApp(...numbers.map(number => `+${number}`))
    return { there: (found ?? []).filter(one => one.exists).map(one => one.jid.split('@')[0]) }
  },
  look_up: async ({ who }) => {
    const [found] = await socket.fetchStatus(who)
    return { about: found.status.status, picture: '' }
  },
  picture: async ({ who }) => ({ id: await socket.profilePictureUrl(who, 'image') }),
  block: async ({ who }) => { await socket.updateBlockStatus(who, 'block'); return { blocked: await socket.fetchBlocklist() } },
  unblock: async ({ who }) => { await socket.updateBlockStatus(who, 'unblock'); return { blocked: await socket.fetchBlocklist() } },
  set_about: async ({ text }) => { await socket.updateProfileStatus(text) },
  privacy: async () => { await socket.fetchPrivacySettings(true) },
  set_privacy: async ({ value }) => { await socket.updateLastSeenPrivacy(value) },
  watch: async ({ who }) => { await socket.presenceSubscribe(who) },
  reject: async ({ who, call }) => { await socket.rejectCall(call, who) },
}

const commands = {
  send_image: ({ to, path, caption }) => sendFile(to, { image: { url: path }, caption }),
  send_video: ({ to, path, caption }) => sendFile(to, { video: { url: path }, caption }),
  send_audio: ({ to, path }) => sendFile(to, { audio: { url: path }, mimetype: 'audio/ogg; codecs=opus', seconds: 1 }),
  send_document: ({ to, path, caption, name }) =>
    sendFile(to, { document: { url: path }, caption, fileName: name, mimetype: 'application/octet-stream' }),
  send_sticker: ({ to, path }) => sendFile(to, { sticker: { url: path } }),
  fetch: async ({ id }) => {
    const content = await downloadMediaMessage(files.get(id), 'buffer', {})
    return { sha256: createHash('sha256').update(content).digest('hex') }
  },
  mute: async ({ chat, until }) => { await socket.chatModify({ mute: until }, chat); return {} },
  rename: async ({ name }) => { await socket.updateProfileName(name); return {} },
  agreed: async ({ chat }) => ({ ...agreed.get(chat), names, own: state.creds.me?.name }),
  say: ({ to, fields, content, path, audience }) => {
    // It posts for those who are named and nobody else, so that its caller has to think of the account's own phone.
    const everybody = audience && [...audience, jidNormalizedUser(socket.user.id)]
    const options = audience ? { statusJidList: everybody, broadcast: true, backgroundColor: '#102030' } : {}
    return content ? post(to, revived(content, path), options) : relay(to, fields)
  },
  set_timer: async ({ chat, seconds }) => { await socket.sendMessage(chat, { disappearingMessagesInChat: seconds }); return {} },
  react: ({ chat, id, emoji, author }) =>
    post(chat, { react: { text: emoji, key: { remoteJid: chat, id, fromMe: false, participant: author } } }),
  edit: ({ chat, id, text }) => post(chat, { text, edit: { remoteJid: chat, id, fromMe: true } }),
  revoke: ({ chat, id, author }) => post(chat, { delete: { remoteJid: chat, id, fromMe: !author, participant: author } }),
  poll: ({ to, question, options }) => post(to, { poll: { name: question, values: options, selectableCount: 1 } }),
  location: ({ to, latitude, longitude, name }) =>
    post(to, { location: { degreesLatitude: latitude, degreesLongitude: longitude, name } }),
  contact: ({ to, name, vcard }) => post(to, { contacts: { displayName: name, contacts: [{ displayName: name, vcard }] } }),
  send: async ({ to, text }) => {
    const messageId = generateMessageIDV2(socket.user?.id)
    // Kept before it is sent: the first request to send it again comes before `sendMessage` returns.
    sent.set(messageId, { extendedTextMessage: { text } })
    await socket.sendMessage(to, { text }, { messageId })
    return { id: messageId }
  },
  ask_for_history: async ({ chat, id, from_me, at, count }) => {
    await socket.fetchMessageHistory(count, { remoteJid: chat, id, fromMe: from_me }, at)
  },
  people: ({ act, ...given }) => people[act](given),
  in_group: async ({ act, given }) => { await socket[act](...given); return {} },
  // Its own download does not notice that a file is gone, so that it has to be told to ask the phone.
  ask_phone: async ({ id }) => { await socket.updateMediaMessage(files.get(id)) },
  read: async ({ chat, id, author, played }) => {
    const type = played ? 'played' : 'read'
    if (played) await socket.sendReceipt(chat, author, [id], type)
    else await socket.readMessages([{ remoteJid: chat, id, fromMe: false, participant: author }])
  },
  pairing_code: async ({ phone }) => ({ code: await socket.requestPairingCode(phone) }),
}

connect()
for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ticket, ...given } = JSON.parse(line)
  const answer = { event: 'answer', ticket }
  try { say({ ...answer, ...await commands[what](given) }) } catch (error) { say({ ...answer, refused: String(error) }) }
}
process.exit(0)
