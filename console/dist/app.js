"use strict";(()=>{var He=globalThis,fe=He.trustedTypes,at=fe?fe.createPolicy("lit-html",{createHTML:e=>e}):void 0,Ue="$lit$",B=`lit$${Math.random().toFixed(9).slice(2)}$`,Ie="?"+B,ms=`<${Ie}>`,F=document,ne=()=>F.createComment(""),ae=e=>e===null||typeof e!="object"&&typeof e!="function",Oe=Array.isArray,dt=e=>Oe(e)||typeof e?.[Symbol.iterator]=="function",Le=`[ 	
\f\r]`,se=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,ot=/-->/g,it=/>/g,I=RegExp(`>|${Le}(?:([^\\s"'>=/]+)(${Le}*=${Le}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),lt=/'/g,rt=/"/g,ut=/^(?:script|style|textarea|title)$/i,Fe=e=>(t,...s)=>({_$litType$:e,strings:t,values:s}),o=Fe(1),yn=Fe(2),_n=Fe(3),q=Symbol.for("lit-noChange"),r=Symbol.for("lit-nothing"),ct=new WeakMap,O=F.createTreeWalker(F,129);function mt(e,t){if(!Oe(e)||!e.hasOwnProperty("raw"))throw Error("invalid template strings array");return at!==void 0?at.createHTML(t):t}var pt=(e,t)=>{let s=e.length-1,n=[],a,l=t===2?"<svg>":t===3?"<math>":"",c=se;for(let p=0;p<s;p++){let d=e[p],v,w,u=-1,b=0;for(;b<d.length&&(c.lastIndex=b,w=c.exec(d),w!==null);)b=c.lastIndex,c===se?w[1]==="!--"?c=ot:w[1]!==void 0?c=it:w[2]!==void 0?(ut.test(w[2])&&(a=RegExp("</"+w[2],"g")),c=I):w[3]!==void 0&&(c=I):c===I?w[0]===">"?(c=a??se,u=-1):w[1]===void 0?u=-2:(u=c.lastIndex-w[2].length,v=w[1],c=w[3]===void 0?I:w[3]==='"'?rt:lt):c===rt||c===lt?c=I:c===ot||c===it?c=se:(c=I,a=void 0);let $=c===I&&e[p+1].startsWith("/>")?" ":"";l+=c===se?d+ms:u>=0?(n.push(v),d.slice(0,u)+Ue+d.slice(u)+B+$):d+B+(u===-2?p:$)}return[mt(e,l+(e[s]||"<?>")+(t===2?"</svg>":t===3?"</math>":"")),n]},oe=class e{constructor({strings:t,_$litType$:s},n){let a;this.parts=[];let l=0,c=0,p=t.length-1,d=this.parts,[v,w]=pt(t,s);if(this.el=e.createElement(v,n),O.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(a=O.nextNode())!==null&&d.length<p;){if(a.nodeType===1){if(a.hasAttributes())for(let u of a.getAttributeNames())if(u.endsWith(Ue)){let b=w[c++],$=a.getAttribute(u).split(B),T=/([.?@])?(.*)/.exec(b);d.push({type:1,index:l,name:T[2],strings:$,ctor:T[1]==="."?ge:T[1]==="?"?ve:T[1]==="@"?be:V}),a.removeAttribute(u)}else u.startsWith(B)&&(d.push({type:6,index:l}),a.removeAttribute(u));if(ut.test(a.tagName)){let u=a.textContent.split(B),b=u.length-1;if(b>0){a.textContent=fe?fe.emptyScript:"";for(let $=0;$<b;$++)a.append(u[$],ne()),O.nextNode(),d.push({type:2,index:++l});a.append(u[b],ne())}}}else if(a.nodeType===8)if(a.data===Ie)d.push({type:2,index:l});else{let u=-1;for(;(u=a.data.indexOf(B,u+1))!==-1;)d.push({type:7,index:l}),u+=B.length-1}l++}}static createElement(t,s){let n=F.createElement("template");return n.innerHTML=t,n}};function K(e,t,s=e,n){if(t===q)return t;let a=n!==void 0?s._$Co?.[n]:s._$Cl,l=ae(t)?void 0:t._$litDirective$;return a?.constructor!==l&&(a?._$AO?.(!1),l===void 0?a=void 0:(a=new l(e),a._$AT(e,s,n)),n!==void 0?(s._$Co??=[])[n]=a:s._$Cl=a),a!==void 0&&(t=K(e,a._$AS(e,t.values),a,n)),t}var $e=class{constructor(t,s){this._$AV=[],this._$AN=void 0,this._$AD=t,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(t){let{el:{content:s},parts:n}=this._$AD,a=(t?.creationScope??F).importNode(s,!0);O.currentNode=a;let l=O.nextNode(),c=0,p=0,d=n[0];for(;d!==void 0;){if(c===d.index){let v;d.type===2?v=new z(l,l.nextSibling,this,t):d.type===1?v=new d.ctor(l,d.name,d.strings,this,t):d.type===6&&(v=new ye(l,this,t)),this._$AV.push(v),d=n[++p]}c!==d?.index&&(l=O.nextNode(),c++)}return O.currentNode=F,a}p(t){let s=0;for(let n of this._$AV)n!==void 0&&(n.strings!==void 0?(n._$AI(t,n,s),s+=n.strings.length-2):n._$AI(t[s])),s++}},z=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(t,s,n,a){this.type=2,this._$AH=r,this._$AN=void 0,this._$AA=t,this._$AB=s,this._$AM=n,this.options=a,this._$Cv=a?.isConnected??!0}get parentNode(){let t=this._$AA.parentNode,s=this._$AM;return s!==void 0&&t?.nodeType===11&&(t=s.parentNode),t}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(t,s=this){t=K(this,t,s),ae(t)?t===r||t==null||t===""?(this._$AH!==r&&this._$AR(),this._$AH=r):t!==this._$AH&&t!==q&&this._(t):t._$litType$!==void 0?this.$(t):t.nodeType!==void 0?this.T(t):dt(t)?this.k(t):this._(t)}O(t){return this._$AA.parentNode.insertBefore(t,this._$AB)}T(t){this._$AH!==t&&(this._$AR(),this._$AH=this.O(t))}_(t){this._$AH!==r&&ae(this._$AH)?this._$AA.nextSibling.data=t:this.T(F.createTextNode(t)),this._$AH=t}$(t){let{values:s,_$litType$:n}=t,a=typeof n=="number"?this._$AC(t):(n.el===void 0&&(n.el=oe.createElement(mt(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===a)this._$AH.p(s);else{let l=new $e(a,this),c=l.u(this.options);l.p(s),this.T(c),this._$AH=l}}_$AC(t){let s=ct.get(t.strings);return s===void 0&&ct.set(t.strings,s=new oe(t)),s}k(t){Oe(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,n,a=0;for(let l of t)a===s.length?s.push(n=new e(this.O(ne()),this.O(ne()),this,this.options)):n=s[a],n._$AI(l),a++;a<s.length&&(this._$AR(n&&n._$AB.nextSibling,a),s.length=a)}_$AR(t=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);t!==this._$AB;){let n=t.nextSibling;t.remove(),t=n}}setConnected(t){this._$AM===void 0&&(this._$Cv=t,this._$AP?.(t))}},V=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(t,s,n,a,l){this.type=1,this._$AH=r,this._$AN=void 0,this.element=t,this.name=s,this._$AM=a,this.options=l,n.length>2||n[0]!==""||n[1]!==""?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=r}_$AI(t,s=this,n,a){let l=this.strings,c=!1;if(l===void 0)t=K(this,t,s,0),c=!ae(t)||t!==this._$AH&&t!==q,c&&(this._$AH=t);else{let p=t,d,v;for(t=l[0],d=0;d<l.length-1;d++)v=K(this,p[n+d],s,d),v===q&&(v=this._$AH[d]),c||=!ae(v)||v!==this._$AH[d],v===r?t=r:t!==r&&(t+=(v??"")+l[d+1]),this._$AH[d]=v}c&&!a&&this.j(t)}j(t){t===r?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,t??"")}},ge=class extends V{constructor(){super(...arguments),this.type=3}j(t){this.element[this.name]=t===r?void 0:t}},ve=class extends V{constructor(){super(...arguments),this.type=4}j(t){this.element.toggleAttribute(this.name,!!t&&t!==r)}},be=class extends V{constructor(t,s,n,a,l){super(t,s,n,a,l),this.type=5}_$AI(t,s=this){if((t=K(this,t,s,0)??r)===q)return;let n=this._$AH,a=t===r&&n!==r||t.capture!==n.capture||t.once!==n.once||t.passive!==n.passive,l=t!==r&&(n===r||a);a&&this.element.removeEventListener(this.name,this,n),l&&this.element.addEventListener(this.name,this,t),this._$AH=t}handleEvent(t){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,t):this._$AH.handleEvent(t)}},ye=class{constructor(t,s,n){this.element=t,this.type=6,this._$AN=void 0,this._$AM=s,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(t){K(this,t)}},ht={M:Ue,P:B,A:Ie,C:1,L:pt,R:$e,D:dt,V:K,I:z,H:V,N:ve,U:be,B:ge,F:ye},ps=He.litHtmlPolyfillSupport;ps?.(oe,z),(He.litHtmlVersions??=[]).push("3.3.1");var ft=(e,t,s)=>{let n=s?.renderBefore??t,a=n._$litPart$;if(a===void 0){let l=s?.renderBefore??null;n._$litPart$=a=new z(t.insertBefore(ne(),l),l,void 0,s??{})}return a._$AI(e),a};var A=class extends Error{constructor(s,n,a){super(a);this.status=s;this.code=n}rows=[];get isUnknown(){return this.status===0||this.status>=500}},$t="";function gt(e){$t=e}async function hs(e){try{let t=await e.json(),s=new A(e.status,t.code??"",t.detail??t.title??e.statusText);return s.rows=t.problems??[],s}catch{return new A(e.status,"",e.statusText)}}function S(e,t,s,n={}){let a={method:e,headers:{...n},signal:AbortSignal.timeout(1e4)};return s!==void 0&&(a.headers["Content-Type"]="application/json",a.body=JSON.stringify(s)),vt(e,t,a)}var qe=(e,t)=>vt("POST",e,{method:"POST",headers:{"Content-Type":"text/csv"},body:t,signal:AbortSignal.timeout(12e4)});async function vt(e,t,s){let n=s.headers;e!=="GET"&&(n["X-CSRF-Token"]=$t);try{let a=await fetch(t,s);if(!a.ok)throw await hs(a);return a.status===204?void 0:await a.json()}catch(a){throw a instanceof A?a:new A(0,"unreachable","The server does not answer.")}}var g=e=>S("GET",e);function D(){let e=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(e,t=>t.toString(16).padStart(2,"0")).join("")}var i={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],areAccountsRead:!1,accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],areRecordsRead:!1,bans:[],low:[],quality:[],status:null,exposureBy:"account",exposure:null,trunkNames:new Map,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},yt=()=>{},Ke=!0;function _t(e){yt=e}function f(){Ke&&(Ke=!1,requestAnimationFrame(()=>{Ke=!0,yt()}))}var _=()=>i.session?.role==="operator",E=e=>i.accounts.find(t=>t.id===e)?.name??(e===null||e===0?"":"#"+e);async function H(e){try{await e(),i.error=""}catch(t){if(t instanceof A&&t.status===401)return ze();i.error=t instanceof Error?t.message:String(t)}f()}var ie=()=>H(async()=>{let e=await g("/v1/calls?max=1000");i.calls=e.items.sort((t,s)=>s.wall_start_us-t.wall_start_us),i.callTotal=e.total,i.callsAsOfUs=e.as_of_wall_us,i.callsStale=e.is_stale}),N=()=>H(async()=>{let e=await g("/v1/accounts?max=1000");i.accounts=e.items,i.areAccountsRead=!0,i.accountsStale=e.is_stale===!0,i.accountsAsOfUs=e.as_of_wall_us??0}),_e=()=>H(async()=>{let e=await g("/v1/refusals?max=50");i.refusals=e.items,i.cdrs=(await g("/v1/cdrs?max=50")).items,i.areRecordsRead=!0}),We=()=>H(async()=>{_()&&(i.status=await g("/v1/status"))}),re=()=>H(async()=>{if(!_())return;let e=i.exposureBy,t=await g(`/v1/exposure?by=${e}&max=1000`);if(e===i.exposureBy&&(i.exposure=t),e==="trunk"&&t.items.some(s=>s.trunk_id!==0&&!i.trunkNames.has(s.trunk_id??0))){let s=await g("/v1/trunks?max=1000");i.trunkNames=new Map(s.items.map(n=>[n.id,n.name]))}}),we=()=>H(async()=>{_()&&(i.bans=(await g("/v1/bans")).items)}),je=()=>H(async()=>{_()&&(i.low=(await g("/v1/low-balances?max=10")).items)}),wt=()=>H(async()=>{_()&&(i.quality=(await g("/v1/trunk-quality?max=1000")).items)}),Ve=new Set;function P(e,t){Ve.has(e)||(Ve.add(e),setTimeout(()=>{Ve.delete(e),i.session!==null&&e()},t))}var W=null;function fs(){W?.close(),W=new EventSource("/v1/events");let e=(t,s)=>{for(let n of t)W?.addEventListener(n,s)};W.addEventListener("open",()=>{i.isFollowing=!0,bt()}),W.addEventListener("error",()=>{i.isFollowing=!1,f()}),e(["call.started","call.ringing","call.answered"],()=>P(ie,200)),e(["call.ended"],()=>{P(ie,200),P(re,1e3),P(_e,1500)}),e(["refusal"],()=>P(_e,400)),e(["balance","config"],()=>P(N,300)),e(["registered","unregistered","store","edge","alarm","fraud.suspected","fraud.over"],()=>P(We,300)),e(["balance.low"],()=>{P(je,300),P(N,300)}),e(["ban.begun","ban.prolonged","ban.over","ban.lifted"],()=>P(we,300)),e(["lost"],bt)}function bt(){for(let e of[We,N,ie,_e,we,je,wt,re])e()}setInterval(()=>{i.session===null||document.hidden||(We(),ie(),re())},5e3);setInterval(()=>{i.session===null||document.hidden||(N(),_e(),we(),je(),wt())},15e3);function Ge(e){i.session=e,i.isChecked=!0,gt(e.csrf),fs(),f()}function ze(){W?.close(),W=null,i.session!==null&&location.reload(),Object.assign(i,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],callsAsOfUs:0,accounts:[],areAccountsRead:!1,cdrs:[],refusals:[],areRecordsRead:!1,bans:[],low:[],quality:[],exposure:null,ending:null,error:""}),f()}async function At(){try{Ge(await g("/v1/session"))}catch{ze()}}async function xt(){try{await S("DELETE","/v1/session")}catch(e){if(!(e instanceof A&&e.status===401))return le(`You are still logged in: ${e instanceof Error?e.message:String(e)}`),f()}ze()}var $s=6e3;function le(e){i.note=e,setTimeout(()=>{i.note===e&&(i.note="",f())},$s)}async function Tt(e){try{await S("DELETE","/v1/calls/"+e.key),le(`The call from ${e.caller} to ${e.callee} was ended.`)}catch(t){le(t instanceof A&&t.status===404?"That call was over already.":`It could not be ended: ${String(t)}`)}i.ending=null,await ie()}async function St(e){try{await S("DELETE","/v1/bans/"+encodeURIComponent(e.source.replace(/\/64$/,""))),le(`${e.source} is heard again.`)}catch(t){le(t instanceof A&&t.status===404?"That ban was over already.":`It could not be lifted: ${String(t)}`)}await we()}var gs=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),vs=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),bs=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:9}),ys=new Intl.NumberFormat("en");function m(e,t=""){if(e==null||e==="")return"\u2013";let s=Number(e),n=s!==0&&Math.abs(s)<.1?vs:gs;return(t===""?"":t+" ")+n.format(Object.is(s,-0)?0:s)}function ce(e){return bs.format(Number(e))}function h(e){return e===void 0?"\u2013":ys.format(e)}function j(e){let t=Math.max(0,Math.floor(e/1e6)),s=a=>String(a).padStart(2,"0"),n=Math.floor(t/3600);return(n>0?n+":"+s(Math.floor(t/60)%60):String(Math.floor(t/60)))+":"+s(t%60)}function x(e){let t=new Date(e/1e3);return new Date().toDateString()===t.toDateString()?t.toLocaleTimeString("en-GB"):t.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function y(e){return new Date(e/1e3).toISOString()}function k(e,t=Date.now()){let s=Math.max(0,Math.round(t/1e3-e/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}function C(e,t){return o`<p class="empty">${e?t:"Not known now."}</p>`}var Ae="",xe=!1;async function _s(e){e.preventDefault();let t=new FormData(e.target),s=String(t.get("name")??"").trim(),n=String(t.get("password")??"");xe=!0,f();try{Ge(await S("POST","/v1/session",s===""?{key:n}:{name:s,password:n})),Ae=""}catch(a){Ae=a instanceof A?a.message:String(a)}xe=!1,f()}function Rt(){return o`<div class="login">
    <form class="card" @submit=${e=>void _s(e)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${Ae===""?r:o`<p class="failure" role="alert">${Ae}</p>`}
      <button class="primary" ?disabled=${xe}>${xe?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var Te={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},de=e=>(...t)=>({_$litDirective$:e,values:t}),Q=class{constructor(t){}get _$AU(){return this._$AM._$AU}_$AT(t,s,n){this._$Ct=t,this._$AM=s,this._$Ci=n}_$AS(t,s){return this.update(t,s)}update(t,s){return this.render(...s)}};var{I:ws}=ht;var Ct=e=>e.strings===void 0,kt=()=>document.createComment(""),X=(e,t,s)=>{let n=e._$AA.parentNode,a=t===void 0?e._$AB:t._$AA;if(s===void 0){let l=n.insertBefore(kt(),a),c=n.insertBefore(kt(),a);s=new ws(l,c,e,e.options)}else{let l=s._$AB.nextSibling,c=s._$AM,p=c!==e;if(p){let d;s._$AQ?.(e),s._$AM=e,s._$AP!==void 0&&(d=e._$AU)!==c._$AU&&s._$AP(d)}if(l!==a||p){let d=s._$AA;for(;d!==l;){let v=d.nextSibling;n.insertBefore(d,a),d=v}}}return s},U=(e,t,s=e)=>(e._$AI(t,s),e),As={},Et=(e,t=As)=>e._$AH=t,Dt=e=>e._$AH,Se=e=>{e._$AR(),e._$AA.remove()};var Pt=(e,t,s)=>{let n=new Map;for(let a=t;a<=s;a++)n.set(e[a],a);return n},Mt=de(class extends Q{constructor(e){if(super(e),e.type!==Te.CHILD)throw Error("repeat() can only be used in text expressions")}dt(e,t,s){let n;s===void 0?s=t:t!==void 0&&(n=t);let a=[],l=[],c=0;for(let p of e)a[c]=n?n(p,c):c,l[c]=s(p,c),c++;return{values:l,keys:a}}render(e,t,s){return this.dt(e,t,s).values}update(e,[t,s,n]){let a=Dt(e),{values:l,keys:c}=this.dt(t,s,n);if(!Array.isArray(a))return this.ut=c,l;let p=this.ut??=[],d=[],v,w,u=0,b=a.length-1,$=0,T=l.length-1;for(;u<=b&&$<=T;)if(a[u]===null)u++;else if(a[b]===null)b--;else if(p[u]===c[$])d[$]=U(a[u],l[$]),u++,$++;else if(p[b]===c[T])d[T]=U(a[b],l[T]),b--,T--;else if(p[u]===c[T])d[T]=U(a[u],l[T]),X(e,d[T+1],a[u]),u++,T--;else if(p[b]===c[$])d[$]=U(a[b],l[$]),X(e,a[u],a[b]),b--,$++;else if(v===void 0&&(v=Pt(c,$,T),w=Pt(p,u,b)),v.has(p[u]))if(v.has(p[b])){let M=w.get(c[$]),Ne=M!==void 0?a[M]:null;if(Ne===null){let nt=X(e,a[u]);U(nt,l[$]),d[$]=nt}else d[$]=U(Ne,l[$]),X(e,a[u],Ne),a[M]=null;$++}else Se(a[b]),b--;else Se(a[u]),u++;for(;$<=T;){let M=X(e,d[T+1]);U(M,l[$]),d[$++]=M}for(;u<=b;){let M=a[u++];M!==null&&Se(M)}return this.ut=c,Et(e,d),q}});var Bt={open:"being told",kept:"noted",told:"told","topped-up":"topped up",refused:"top-up refused","given-up":"nobody heard"};function xs(e){let t=e.state==="refused"||e.state==="given-up",s=e.state==="open"&&e.attempts>0?` (tried ${e.attempts}\xD7)`:"";return o`${t?o`<span class="state failed">${Bt[e.state]}</span>`:Bt[e.state]??e.state}${s}
    ${e.note===""?r:o`<small>${e.note}</small>`}`}function Re(e,t){return e.length===0?r:o`<section class="card wide" aria-labelledby="low-title">
    <div class="head"><h2 id="low-title">Low balances</h2></div>
    <div class="scroll"><table class="low"><thead><tr><th scope="col">When</th>
      ${t?o`<th scope="col">Account</th>`:r}
      <th scope="col" class="num">Left</th><th scope="col" class="num">Below</th>
      <th scope="col">What came of it</th><th scope="col" class="num">Added</th></tr></thead>
    <tbody>${e.map(s=>o`<tr><td class="num left" title=${y(s.wall_us)}>${x(s.wall_us)}</td>
      ${t?o`<td class="strong"><a href="#/accounts/${s.account}">${s.account}</a></td>`:r}
      <td class="num strong">${m(s.left,s.currency)}</td><td class="num">${m(s.below,s.currency)}</td>
      <td>${xs(s)}</td>
      <td class="num">${s.topup===null?"\u2013":m(s.topup,s.currency)}</td></tr>`)}</tbody></table></div></section>`}function Ts(e){return[e.is_at_limits?"refused by its limits":"",e.is_hot?"hot destinations":"",e.is_sudden?"many calls, and usually quiet":""].filter(t=>t!=="").join(", ")}function Ss(e){let t=e.account??"#"+e.account_id;return o`<tr data-account=${t}>
    <td class="strong"><a href="#/accounts/${t}">${t}</a></td>
    <td>${Ts(e)}</td>
    <td>${e.destinations.map(s=>o`<span class="tag">${s.prefix}… ${h(s.calls)}</span> `)}</td>
    <td class="num">${h(e.calls_in_10s)}</td>
    <td class="num">${h(e.refused_in_10s)}</td>
    <td class="num strong">${m(e.money_a_minute,e.currency)}</td>
    <td class="num" title=${y(e.since_wall_us)}>${x(e.since_wall_us)}</td></tr>`}function Nt(){let e=i.status?.edge.alerts??[];if(e.length===0)return r;let t=["Calls in 10 s","Refused","A minute of talk","Since"];return o`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${h(e.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${t.map(s=>o`<th scope="col" class="num">${s}</th>`)}</tr></thead>
      <tbody>${e.map(Ss)}</tbody></table></div>
  </section>`}var Rs=50;function ks(e){return o`<tr data-source=${e.source}>
    <td class="strong">${e.source}${e.has_customers?o` <span class="tag" title="They are heard all the same">customers behind it</span>`:r}</td>
    <td>${e.reason}${e.actor===null?r:o` <small>by ${e.actor}</small>`}</td>
    <td class="num" title=${y(e.wall_until_us)}>${x(e.wall_until_us)}</td>
    <td class="num">${h(e.level+1)}</td>
    <td class="num">${h(e.dropped)}</td>
    <td class="act"><button class="small" @click=${()=>void St(e)}
      aria-label="Lift the ban of ${e.source}">Lift</button></td></tr>`}function Lt(){if(i.bans.length===0)return r;let e=["Until","Times","Dropped"];return o`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${h(i.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${e.map(t=>o`<th scope="col" class="num">${t}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${i.bans.slice(0,Rs).map(ks)}</tbody></table></div>
  </section>`}var Ht=[["account","Account"],["trunk","Trunk"],["destination","Destination"],["country","Country"]],ke=50,Ut=null;function Cs(e){return e===""?"on the network, or of no country":e==="001"?"satellites and networks":(Ut??=new Intl.DisplayNames(["en"],{type:"region"}),Ut.of(e)??e)}function Es(e,t){switch(e){case"account":{let s=E(t.account_id??0);return s===""?"nobody pays":o`<a href="#/accounts/${s}">${s}</a>`}case"trunk":return t.trunk_id===0?"on the network":i.trunkNames.get(t.trunk_id??0)??"#"+t.trunk_id;case"destination":return t.prefix===""?"free":t.prefix+"\u2026";case"country":return Cs(t.country??"")}}function Ds(e){i.exposureBy=e.target.value,i.exposure=null,re()}function It(){let e=i.exposure,t=i.exposureBy==="account",s=["Calls","Answered","Cost so far","A minute","Set aside",...t?["Money left","Lasts"]:[]],n=e?.items??[];return o`<section class="card wide" aria-labelledby="exposure-title">
    <div class="head"><h2 id="exposure-title">Value at risk</h2>
      <select class="pick" aria-label="Sum up by" @change=${Ds}>${Ht.map(([a,l])=>o`<option value=${a} ?selected=${a===i.exposureBy}>${l}</option>`)}</select></div>
    <div class="scroll ${e?.is_stale===!0?"is-stale":""}"><table class="exposure">
      <thead><tr><th scope="col">${Ht.find(([a])=>a===i.exposureBy)?.[1]}</th>
        ${s.map(a=>o`<th scope="col" class="num">${a}</th>`)}</tr></thead>
      <tbody>${n.slice(0,ke).map(a=>o`<tr>
        <td class="strong">${Es(i.exposureBy,a)}</td>
        <td class="num">${h(a.calls)}</td><td class="num">${h(a.answered)}</td>
        <td class="num">${m(a.cost,a.currency)}</td>
        <td class="num strong">${m(a.cost_per_min,a.currency)}</td>
        <td class="num">${m(a.held,a.currency)}</td>
        ${t?o`<td class="num">${m(a.money_left)}</td>
          <td class="num">${a.seconds_left===void 0?"\u2013":j(a.seconds_left*1e6)}</td>`:r}</tr>`)}</tbody>
    </table>${n.length>0?r:o`<p class="empty">${e===null?"\u2026":"No call is in progress."}</p>`}</div>
    ${e===null||!e.is_stale&&e.total<=ke?r:o`<p class="more">
      ${e.total>ke?`The dearest ${ke} of ${h(e.total)} are shown. `:""}
      ${e.is_stale?`As of ${k(e.as_of_wall_us)} ago: the edge does not answer now.`:""}</p>`}
  </section>`}var Qe=50;function Ot(){let e=i.quality;return e.length===0?r:o`<section class="card wide" aria-labelledby="quality-title">
    <div class="head"><h2 id="quality-title">Trunks</h2></div>
    <div class="scroll"><table class="quality"><thead><tr><th scope="col">Trunk</th>
      <th scope="col" class="num">Calls lately</th><th scope="col" class="num">Answered</th>
      <th scope="col" class="num">ASR</th><th scope="col" class="num">Delay to ringing</th>
      <th scope="col" class="num">Counted</th></tr></thead>
    <tbody>${e.slice(0,Qe).map(t=>o`<tr><td class="strong">${t.trunk}</td>
      <td class="num">${h(t.calls)}</td><td class="num">${h(t.answered)}</td>
      <td class="num strong">${t.asr_percent===null?"\u2013":`${t.asr_percent.toFixed(1)} %`}</td>
      <td class="num" title="of ${t.measured} calls">${t.pdd_ms===null?"\u2013":`${(t.pdd_ms/1e3).toFixed(1)} s`}</td>
      <td class="num" title=${y(t.wall_us)}>${k(t.wall_us)} ago</td></tr>`)}</tbody></table></div>
    ${e.length<=Qe?r:o`<p class="more">${Qe} of ${h(e.length)} are shown.</p>`}</section>`}function Xe(e,t){return e.length===0?C(t,"No calls yet."):o`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${e.map(s=>o`<tr>
      <td class="num left" title=${y(s.wall_end_us)}>${x(s.wall_end_us)}</td>
      <td class="strong">${s.caller}</td><td class="strong">${s.callee}</td>
      <td>${E(s.account_id)||"\u2013"}</td>
      <td class="num">${s.wall_answer_us>0?j(s.talk_us):"\u2013"}</td>
      <td class="num strong">${m(s.charge,s.currency)}</td>
      <td>${s.wall_answer_us>0?o`<span class="state answered">${s.end}</span>`:o`<span class="state failed">${s.status} ${s.reason}</span>`}
        ${s.flags.filter(n=>n!=="answered").map(n=>o` <span class="tag ${n}">${n}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function Ze(e,t){return e.length===0?C(t,"Nobody was refused."):o`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${e.map(s=>o`<tr>
      <td class="num left" title=${y(s.wall_us)}>${x(s.wall_us)}</td>
      <td class="strong">${s.caller??""}<small>${E(s.account_id)}</small></td>
      <td class="strong">${s.callee??""}</td>
      <td><span class="state failed">${s.status??""} ${s.reason??""}</span><small>${s.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var Z={rows:[],next:null,query:"",isRead:!1,isKnown:!1,failure:""},Y={rows:[],next:null,query:"",isRead:!1,isKnown:!1,failure:""};async function ue(e,t,s,n){t.isRead=!0,t.query=s;try{let a=n===null?"":"&cursor="+n,l=await g(`${e}?max=100${s}${a}`);t.rows=n===null?l.items:[...t.rows,...l.items],t.next=l.next,t.isKnown=!0,t.failure=""}catch(a){n===null&&Object.assign(t,{rows:[],next:null,isKnown:!1}),t.failure=a instanceof Error?a.message:String(a)}f()}function Ft(e){let t="";for(let[s,n]of new FormData(e)){let a=String(n).trim();if(a!==""){let l=s==="from"||s==="to"?new Date(a).toISOString().replace(/\.\d+/,""):a;t+=`&${s}=${encodeURIComponent(l)}`}}return t}function qt(e,t){return o`${t.failure===""?r:o`<p class="failure" role="alert">${t.failure}</p>`}
    ${t.next===null?r:o`<p class="more"><button class="small"
      @click=${()=>void ue(e,t,t.query,t.next)}>Show older</button></p>`}`}var Kt=()=>o`<label>Account <select name="account"><option value="">all</option>
  ${i.accounts.map(e=>o`<option>${e.name}</option>`)}</select></label>`;function Vt(){return Z.isRead||ue("/v1/cdrs",Z,"",null),o`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${e=>{e.preventDefault(),ue("/v1/cdrs",Z,Ft(e.target),null)}}>
      ${Kt()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${Xe(Z.rows,Z.isKnown)}${qt("/v1/cdrs",Z)}</section>`}function Wt(){return Y.isRead||ue("/v1/refusals",Y,"",null),o`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${e=>{e.preventDefault(),ue("/v1/refusals",Y,Ft(e.target),null)}}>
      ${Kt()}<button class="primary">Search</button>
    </form>${Ze(Y.rows,Y.isKnown)}${qt("/v1/refusals",Y)}</section>`}var jt=100,Ce=e=>e.wall_answer_us>0,Ee=()=>i.callsStale?0:Math.max(0,Date.now()*1e3-i.callsAsOfUs);function Ps(e){let t=Number(e.cost);return Ce(e)?t+Number(e.price_per_min)/6e7*Ee():t}function Ms(e,t){let s=e.money_left??e.left;if(s===void 0)return"\u2013";let n=(t.get(e.account_id)??0)/6e7*Ee();return m(Math.max(0,Number(s)-n))}function Bs(e){return e.paid_until_us===void 0?e.is_emergency?"free":"\u2013":e.paid_until_us<0?"\u221E":j(e.paid_until_us-Ee())}function Gt(){let e=new Map;for(let t of i.calls)Ce(t)&&e.set(t.account_id,(e.get(t.account_id)??0)+Number(t.price_per_min));return e}function Ns(e){i.ending=e,i.note="",f()}function Ls(e,t){let s=e.is_emergency?"emergency":e.is_inbound?"inbound":e.is_on_net?"on-net":"",n=E(e.account_id);return o`<tr data-key=${e.key}>
    <td data-label="Caller" class="strong">${e.caller}</td>
    <td data-label="Called" class="strong">${e.callee}${s===""?r:o` <span class="tag ${s}">${s}</span>`}</td>
    <td data-label="Account">${n===""?"\u2013":o`<a href="#/accounts/${n}">${n}</a>`}</td>
    <td data-label="State"><span class="state ${e.state}">${e.state}</span></td>
    <td data-label="Since" class="num" title=${y(e.wall_start_us)}>${x(e.wall_start_us)}</td>
    <td data-label="Talk" class="num">${Ce(e)?j(e.talk_us+Ee()):"\u2013"}</td>
    <td data-label="Price / min" class="num">${ce(e.price_per_min)} <small>${e.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${m(Ps(e))}</td>
    <td data-label="Money left" class="num">${Ms(e,t)}</td>
    <td data-label="Paid for" class="num">${Bs(e)}</td>
    ${_()?o`<td class="act"><button class="danger small" @click=${()=>Ns(e)}
      aria-label="End the call from ${e.caller} to ${e.callee}">End</button></td>`:r}
  </tr>`}function Hs(e,t){return[e.caller,e.callee,E(e.account_id),e.state].some(s=>s.toLowerCase().includes(t))}function Us(){let e=i.filter.trim().toLowerCase(),t=e===""?i.calls:i.calls.filter(l=>Hs(l,e)),s=t.slice(0,i.shownMax),n=Gt(),a=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return o`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${h(i.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${i.filter} @input=${l=>{i.filter=l.target.value,f()}}></div>
    <div class="scroll ${i.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${a.map((l,c)=>o`<th scope="col" class=${c>3?"num":""}>${l}</th>`)}
        ${_()?o`<th scope="col"><span class="sr">Act</span></th>`:r}</tr></thead>
      <tbody>${Mt(s,l=>l.key,l=>Ls(l,n))}</tbody>
    </table>
    ${s.length>0?r:i.calls.length===0?C(i.callsAsOfUs>0,"Nobody is talking now."):C(!0,"No call matches.")}</div>
    ${t.length<=s.length&&i.callTotal<=i.calls.length?r:o`<p class="more">
      ${h(s.length)} of ${h(e===""?i.callTotal:t.length)} are shown.
      ${t.length>s.length?o`<button class="small" @click=${()=>{i.shownMax+=jt,f()}}>Show ${jt} more</button>`:r}</p>`}
  </section>`}function me(e,t,s=""){return o`<div class="figure"><dt>${e}</dt><dd>${t}<small>${s}</small></dd></div>`}function Is(){let e=i.calls.filter(Ce),t=new Map;for(let c of e)t.set(c.currency,(t.get(c.currency)??0)+Number(c.price_per_min));let s=[...t].map(([c,p])=>m(p,c)).join(" + "),n=i.status?.edge,l=i.callTotal<=i.calls.length?e.length:n?.calls_answered??e.length;return o`<dl class="figures">
    ${me("Calls in progress",h(i.callTotal),` ${h(l)} answered`)}
    ${me("Spent a minute",s===""?"0.00":s)}
    ${n===void 0?r:me("Registered",h(n.bindings),` contacts, ${h(n.aors)} users`)}
    ${n?.lease?.outstanding===void 0?r:me("Set aside at the edge",m(n.lease.outstanding))}
    ${me("Refused lately",h(i.refusals.length>=50?50:i.refusals.length),i.refusals[0]===void 0?"":` last ${k(i.refusals[0].wall_us)} ago`)}
  </dl>`}function Os(){let e=Gt();return o`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${i.accountsStale?"is-stale":""}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Set aside</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${i.accounts.slice(0,50).map(t=>o`<tr>
        <td><a href="#/accounts/${t.name}">${t.name}</a>
          ${t.is_suspended?o`<span class="tag bad">suspended</span>`:r}</td>
        <td class="num strong">${m(t.balance?.balance,t.currency)}</td>
        <td class="num">${m(t.balance?.leased)}</td>
        <td class="num">${m(e.get(t.id)??0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`}function zt(){return o`<h1 class="sr">Live view</h1>${_()?Nt():r}${Is()}${Us()}
    <div class="columns">${Os()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${Ze(i.refusals.slice(0,10),i.areRecordsRead)}</section>
    </div>
    ${_()?Re(i.low,!0):r}
    ${_()?It():r}
    ${_()?Ot():r}
    ${_()?Lt():r}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${Xe(i.cdrs.slice(0,12),i.areRecordsRead)}</section>`}function Qt(){return o`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${i.accounts.map(e=>o`<tr>
      <td class="strong"><a href="#/accounts/${e.name}">${e.name}</a>
        ${e.parent===null?r:o`<span class="tag">of ${E(e.parent)}</span>`}
        ${e.is_suspended?o`<span class="tag bad">suspended</span>`:r}
        ${e.balance?.is_low===!0?o`<span class="tag bad">low</span>`:r}</td>
      <td>${e.kind}</td><td>${e.class}</td>
      <td class="num strong">${m(e.balance?.balance,e.currency)}</td>
      <td class="num">${m(e.balance?.leased)}</td><td class="num">${m(e.balance?.available)}</td>
      <td class="num">${e.channels_max??"no limit"}</td></tr>`)}</tbody></table>
    ${i.accounts.length>0?r:C(i.areAccountsRead,"No accounts.")}</div></section>`}var Ye=Xt("");function Xt(e){return{name:e,readAtMs:0,account:null,endpoints:null,bindings:new Map,transfers:null,low:[],failure:"",refused:"",said:"",key:D(),moveKey:D(),bonusKey:D()}}async function Fs(e){for(let t of(e.endpoints??[]).slice(0,50))try{let s=await g(`/v1/endpoints/${encodeURIComponent(t.user)}/bindings`);e.bindings.set(t.user,s.items)}catch{e.bindings.set(t.user,null)}f()}async function J(e){e.readAtMs=Date.now();let t=encodeURIComponent(e.name);try{e.account=await g(`/v1/accounts/${t}`),e.endpoints=(await g(`/v1/endpoints?account=${t}`)).items,e.transfers=(await g(`/v1/accounts/${t}/transfers?max=25`)).items,e.low=(await g(`/v1/low-balances?account=${t}&max=10`)).items,e.failure=""}catch(s){e.failure=s instanceof Error?s.message:String(s)}f(),await Fs(e)}async function qs(e,t){e.preventDefault();let s=e.target,n=new FormData(s),a=String(n.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(t.name)}/topups`,{amount:a,reason:String(n.get("reason")??"")},{"Idempotency-Key":t.key}),t.said=`${a} was added.`,t.refused="",t.key=D(),s.reset()}catch(l){t.said="",t.refused=l instanceof Error?l.message:String(l),l instanceof A&&l.isUnknown||(t.key=D())}await J(t),await N()}async function Ks(e,t){e.preventDefault();let s=e.target,n=new FormData(s),a=String(n.get("amount")??"").trim().replace(",","."),l=String(n.get("day")??""),c={amount:a,reason:String(n.get("reason")??"")};try{await S("POST",`/v1/accounts/${encodeURIComponent(t.name)}/bonuses`,l===""?c:{...c,expires_at:`${l}T23:59:59Z`},{"Idempotency-Key":t.bonusKey}),t.said=`${a} was given.`,t.refused="",t.bonusKey=D(),s.reset()}catch(p){t.said="",t.refused=p instanceof Error?p.message:String(p),p instanceof A&&p.isUnknown||(t.bonusKey=D())}await J(t),await N()}async function Vs(e,t,s){let n=`/v1/accounts/${encodeURIComponent(e.name)}/suspension`;try{t.is_suspended?await S("DELETE",n):await S("PUT",n,{why:String(new FormData(s??void 0).get("why")??"")}),e.refused=""}catch(a){e.refused=a instanceof Error?a.message:String(a)}await J(e)}async function Ws(e,t){e.preventDefault();let s=e.target,n=new FormData(s),a=String(n.get("child")??""),l=n.get("direction")==="down",c=String(n.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(l?t.name:a)}/transfers`,{amount:c,to:l?a:t.name},{"Idempotency-Key":t.moveKey}),t.said=`${c} was moved ${l?"to":"from"} ${a}.`,t.refused="",t.moveKey=D(),s.reset()}catch(p){t.said="",t.refused=p instanceof Error?p.message:String(p),p instanceof A&&p.isUnknown||(t.moveKey=D())}await J(t),await N()}function js(e,t){let s=i.accounts.filter(n=>n.parent===t.id);return s.length===0?r:o`<section class="card wide" aria-labelledby="children-title">
    <div class="head"><h2 id="children-title">Sub-accounts</h2></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col" class="num">Balance</th>
      <th scope="col" class="num">Available</th></tr></thead>
    <tbody>${s.map(n=>o`<tr><td class="strong"><a href="#/accounts/${n.name}">${n.name}</a>
      ${n.is_suspended?o`<span class="tag bad">suspended</span>`:r}</td>
      <td class="num strong">${m(n.balance?.balance,n.currency)}</td>
      <td class="num">${m(n.balance?.available)}</td></tr>`)}</tbody></table></div>
    ${_()?o`<form class="stack" @submit=${n=>void Ws(n,e)}>
      <label>Move <select name="direction"><option value="down">to</option><option value="up">from</option></select></label>
      <label>Sub-account <select name="child">${s.map(n=>o`<option>${n.name}</option>`)}</select></label>
      <label>Amount in ${t.currency} <input name="amount" inputmode="decimal"
        pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <button>Move money</button></form>`:r}</section>`}async function Gs(e,t,s){let n=new FormData(t),a=s?"0":String(n.get("amount")??"").trim().replace(",",".");try{await S("PUT",`/v1/accounts/${encodeURIComponent(e.name)}/lock`,{amount:a,why:String(n.get("why")??"")}),e.refused="",t.reset()}catch(l){e.refused=l instanceof Error?l.message:String(l)}await J(e),await N()}function zs(e,t){let s=t.balance?.lock??null,n=s?.wall_until_us??null;return o`<div class="head"><h2>Balance lock</h2></div>
    <form class="stack" @submit=${a=>{a.preventDefault(),Gs(e,a.target,s!==null)}}>
      ${s===null?o`<label>Amount in ${t.currency} <input name="amount" inputmode="decimal"
            pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>`:o`<p>${m(t.balance?.locked,t.currency)} locked by ${s.by}: ${s.why}${n===null?"":`, until ${y(n)}`}</p>`}
      <label>Why <input name="why" maxlength="150" required></label>
      ${s===null?o`<button>Lock</button>`:o`<button>Unlock</button>`}
    </form>`}function Qs(e){let t=e.endpoints??[];return o`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${t.length===0?C(e.endpoints!==null,"No endpoints."):o`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${t.map(s=>{let n=e.bindings.get(s.user),a=n??[];return o`<tr><td class="strong">${s.user}
        ${s.is_disabled?o`<span class="tag bad">disabled</span>`:r}
        ${s.digest==="sha-256"?o`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>`:r}</td>
        <td>${s.identities.join(", ")||"\u2013"}</td>
        <td>${n===void 0?"\u2026":n===null?"not known now":a.length===0?o`<span class="state failed">not registered</span>`:a.map(l=>o`<div>${l.source??l.uri}${l.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${a.map(l=>o`<div>${l.user_agent??""}</div>`)}</td>
        <td>${a.map(l=>o`<div>${l.wall_expires_us===void 0?"":k(2*Date.now()*1e3-l.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function Xs(){let e=new Date;return Array.from({length:6},(t,s)=>new Date(Date.UTC(e.getUTCFullYear(),e.getUTCMonth()-s,1)).toISOString().slice(0,7))}function Zs(e){let t=`/v1/accounts/${encodeURIComponent(e)}/statement`;return o`<section class="card wide" aria-labelledby="monthly-title">
    <div class="head"><h2 id="monthly-title">Monthly statements</h2></div>
    <div class="scroll"><table><tbody>${Xs().map(s=>o`<tr><td class="strong">${s}</td>
      <td><a href="${t}?month=${s}&format=pdf" download>PDF</a></td>
      <td><a href="${t}?month=${s}&format=csv" download>CSV</a></td></tr>`)}</tbody></table></div></section>`}function Ys(e,t){let s=e.transfers??[];return o`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${s.length===0?C(e.transfers!==null,"No entries."):o`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${s.map(n=>o`<tr><td class="num left" title=${y(n.wall_us)}>${x(n.wall_us)}</td>
      <td>${n.kind}</td><td class="num strong">${m(n.amount,t)}</td>
      <td>${n.actor}</td><td>${n.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function Js(e,t){return o`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${s=>void qs(s,e)}>
      <label>Amount in ${t.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Promotional credit</h2></div>
    <form class="stack" @submit=${s=>void Ks(s,e)}>
      <label>Amount in ${t.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="5.00" required></label>
      <label>Until the end of (UTC) <input name="day" type="date"></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Welcome"></label>
      <button>Give</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${s=>{s.preventDefault(),Vs(e,t,s.target)}}>
      ${t.is_suspended?o`<p>Suspended by ${t.suspended_by}: ${t.suspended_why}</p>
          <p>${t.wall_suspended_until_us===null?"It lasts until a person ends it.":o`It ends by itself <span title=${y(t.wall_suspended_until_us)}>at
              ${x(t.wall_suspended_until_us)}</span>, unless the rule renews it.`}</p><button>Resume</button>`:o`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form>${zs(e,t)}</section>`}function Zt(e){Ye.name!==e&&(Ye=Xt(e));let t=Ye;Date.now()-t.readAtMs>5e3&&J(t);let s=t.account,n=i.accounts.find(a=>a.name===e)?.balance??s?.balance;return o`<div class="head"><h1>${e}${s?.is_suspended===!0?o` <span class="tag bad">suspended</span>`:r}</h1><a href="#/accounts">All accounts</a></div>
    ${t.failure===""?r:o`<p class="failure" role="alert">${t.failure}</p>`}
    ${t.refused===""?r:o`<p class="failure" role="alert">${t.refused}</p>`}
    ${t.said===""?r:o`<p class="said" role="status">${t.said}</p>`}
    ${s===null?r:o`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${m(n?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${m(n?.available,s.currency)}</dd></div>
          ${n?.lock?o`<div><dt>Locked</dt><dd>${m(n.locked,s.currency)}</dd></div>`:r}
          ${(n?.promotions??[]).map(a=>o`<div><dt>Credit that expires</dt>
            <dd>${m(a.left,s.currency)} <span title=${y(a.wall_expires_us)}>until
              ${x(a.wall_expires_us)}</span></dd></div>`)}
          <div><dt>Set aside at the edge</dt><dd>${m(n?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${m(s.limit,s.currency)}</dd></div>
          <div><dt>Told when below</dt><dd>${n?.low_below==null?"never":o`${m(n.low_below,s.currency)}
              ${n.is_low?o`<span class="tag bad">low</span>`:r}`}</dd></div>
          ${s.parent===null?r:o`<div><dt>Sub-account of</dt><dd>${E(s.parent)}</dd></div>`}
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${_()?Js(t,s):r}</div>
      ${js(t,s)}${Re(t.low,!1)}${Qs(t)}${Ys(t,s.currency)}${Zs(e)}`}`}var R={decks:[],isRead:!1,isKnown:!1,failure:""},Je=es("");function es(e){return{name:e,isRead:!1,versions:[],next:null,failure:"",said:"",badRows:[],isBusy:!1,diff:null,file:null}}var ts=e=>e instanceof Error?e.message:String(e),ee=e=>"/v1/decks/"+encodeURIComponent(e);async function et(){R.isRead=!0;try{R.decks=(await g("/v1/decks?max=1000")).items,R.isKnown=!0,R.failure=""}catch(e){R.failure=ts(e)}f()}async function pe(e,t){e.isRead=!0;let s=await g(`${ee(e.name)}/versions?max=20${t===null?"":"&cursor="+t}`);e.versions=t===null?s.items:[...e.versions,...s.items],e.next=s.next}async function te(e,t){if(!e.isBusy){e.isBusy=!0,e.said="",e.badRows=[],f();try{await t(),e.failure=""}catch(s){e.failure=ts(s),e.badRows=s instanceof A?s.rows:[]}e.isBusy=!1,f()}}var en=e=>R.decks.find(t=>t.name===e.name)?.prices_of==="messages",tn=e=>e.versions.find(t=>t.is_live),sn=(e,t)=>te(e,async()=>{let s=tn(e)??await g(ee(e.name));e.file=null,e.diff=await g(`${ee(e.name)}/diff?from=${s.deck_version}&to=${t.deck_version}&max=200`)}),nn=(e,t)=>te(e,async()=>{e.diff=await qe(`/v1/decks?name=${encodeURIComponent(e.name)}&dry_run=true&max=200`,t),e.file=t}),an=(e,t)=>te(e,async()=>{let s=e.file,n=await g(ee(e.name));if(n.deck_version!==t.from)throw e.diff=e.file=null,await pe(e,null),new Error(`Version ${n.deck_version} came in force meanwhile. Nothing was changed: look again.`);let a=s===null?await S("POST",`${ee(e.name)}/rollback?version=${t.to}`):await qe(`/v1/decks?name=${encodeURIComponent(e.name)}`,s);e.diff=e.file=null,e.said=`Version ${a.deck_version} is in force; calls in progress keep their price.`,await pe(e,null),await et()});function Yt(e,t){if(e===null)return"\u2013";if(t)return ce(e.per_minute);let s=Number(e.connection_fee)===0?"":`, ${m(e.connection_fee)} at once`;return o`${ce(e.per_minute)} <small>${e.first_increment}/${e.next_increment} s${s}</small>`}function Jt(e){return[[e.up,"dearer"],[e.down,"cheaper"],[e.mixed,"mixed"],[e.new,"new"],[e.gone,"gone"],[e.same,"the same"]].filter(([t])=>t!==0).map(([t,s])=>`${h(t)} ${s}`).join(", ")||"nothing"}var on={up:"dearer",down:"cheaper",mixed:"mixed",new:"new",gone:"gone"};function ln(e,t){let s=t.traffic,n=en(e),a=n?"a segment":"a minute",l=s.calls===0?"No calls were priced by this deck.":`${h(s.calls)} calls: ${m(s.before,t.currency)} before, ${m(s.after,t.currency)} after (${m(s.difference,t.currency)})${s.unpriced===0?"":`; ${h(s.unpriced)} would have no price`}`+(s.is_partial?". Only a part was read.":".");return o`<section class="card wide" aria-labelledby="diff-title" id="deck-diff">
    <div class="head"><h2 id="diff-title">From version ${t.from??"none"} to
      ${e.file===null?`version ${t.to}`:`the file ${e.file.name}`}</h2></div>
    <dl class="facts"><div><dt>Prefixes</dt><dd>${Jt(t.counts)}</dd></div>
      ${t.later.map(c=>o`<div><dt title=${y(c.wall_us)}>From ${x(c.wall_us)}</dt>
        <dd>${Jt(c.counts)}</dd></div>`)}
      <div><dt>Calls of the last 7 days</dt><dd>${l}</dd></div></dl>
    ${t.changes.length===0?r:o`<div class="scroll"><table><thead><tr><th scope="col">Prefix</th>
      <th scope="col">Destination</th><th scope="col">Change</th>
      <th scope="col" class="num">Before, ${a}</th><th scope="col" class="num">After, ${a}</th></tr></thead>
      <tbody>${t.changes.map(c=>o`<tr><td class="strong">${c.prefix}</td><td>${c.description}</td>
        <td><span class="tag ${c.change==="up"||c.change==="gone"?"bad":""}">${on[c.change]??c.change}</span></td>
        <td class="num">${Yt(c.before,n)}</td><td class="num strong">${Yt(c.after,n)}</td></tr>`)}</tbody></table></div>`}
    ${t.is_cut?o`<p>More changes than are listed.</p>`:r}
    <p class="more"><button class="small" @click=${()=>{e.diff=e.file=null,f()}}>Leave it</button>
      <button class="primary" ?disabled=${e.isBusy} @click=${()=>void an(e,t)}>Make it live</button></p></section>`}function rn(e){return o`<section class="card wide" aria-labelledby="versions-title">
    <div class="head"><h2 id="versions-title">Versions</h2></div>
    <div class="scroll"><table class="versions"><thead><tr><th scope="col">Version</th><th scope="col">Imported</th>
      <th scope="col" class="num">Prefixes</th><th scope="col"><span class="sr">Act</span></th></tr></thead>
    <tbody>${e.versions.map(t=>o`<tr data-version=${t.deck_version}>
      <td class="strong">${t.deck_version} ${t.is_live?o`<span class="tag">in force</span>`:r}</td>
      <td class="num left" title=${y(t.wall_imported_us)}>${x(t.wall_imported_us)}</td>
      <td class="num">${h(t.prefix_count)}</td>
      <td class="act"><a href="${ee(e.name)}/csv?version=${t.deck_version}" download>CSV</a>
        ${t.is_live?r:o`<button class="small" ?disabled=${e.isBusy}
          @click=${()=>void sn(e,t)} aria-label="What would change with version ${t.deck_version}">Compare</button>`}</td></tr>`)}</tbody></table></div>
    ${e.next===null?r:o`<p class="more"><button class="small"
      @click=${()=>void te(e,()=>pe(e,e.next))}>Show older</button></p>`}
    <form class="filters" @submit=${t=>{t.preventDefault();let s=new FormData(t.target).get("file");s instanceof File&&s.size>0&&nn(e,s)}}>
      <label>New prices <input type="file" name="file" accept=".csv,text/csv" required></label>
      <button ?disabled=${e.isBusy}>${e.isBusy?"One moment\u2026":"What would change"}</button>
    </form></section>`}function cn(e){Je.name!==e&&(Je=es(e));let t=Je;t.isRead||(t.isRead=!0,te(t,()=>pe(t,null)));let s=R.decks.find(n=>n.name===e);return o`<div class="head"><h1>${e}</h1><button class="small" ?disabled=${t.isBusy}
      @click=${()=>void te(t,()=>pe(t,null))}>Read again</button><a href="#/decks">All decks</a></div>
    ${s===void 0?r:o`<p class="about">${s.prices_of==="messages"?"Messages":"Calls"} in ${s.currency}, rounded ${s.rounding}; windows in ${s.time_zone}.</p>`}
    ${t.failure===""?r:o`<div class="failure" role="alert">${t.failure}${t.badRows.map(n=>o`<div>Line ${n.line}: ${n.text}</div>`)}</div>`}
    ${t.said===""?r:o`<p class="said" role="status">${t.said}</p>`}
    ${t.diff===null?r:ln(t,t.diff)}${rn(t)}`}function ss(e){return R.isRead||et(),e!==void 0?cn(e):o`<section class="card wide"><div class="head"><h1>Decks</h1>
      <button class="small" @click=${()=>void et()}>Read again</button></div>
    ${R.failure===""?r:o`<p class="failure" role="alert">${R.failure}</p>`}
    ${R.decks.length===0?C(R.isKnown,"No decks."):o`<div class="scroll"><table><thead><tr>
      <th scope="col">Name</th><th scope="col">Prices of</th><th scope="col">Currency</th><th scope="col" class="num">In force</th>
      <th scope="col">Imported</th><th scope="col" class="num">Prefixes</th></tr></thead>
    <tbody>${R.decks.map(t=>o`<tr><td class="strong"><a href="#/decks/${t.name}">${t.name}</a></td>
      <td>${t.prices_of}</td><td>${t.currency}</td><td class="num">version ${t.deck_version}</td>
      <td class="num left" title=${y(t.wall_imported_us)}>${x(t.wall_imported_us)}</td>
      <td class="num">${h(t.prefix_count)}</td></tr>`)}</tbody></table></div>`}</section>`}var L=null,Pe="";async function dn(e){e.preventDefault();let t=new FormData(e.target),s=String(t.get("kind")),n=new URLSearchParams({[s]:String(t.get("who")).trim(),number:String(t.get("number")).trim()});try{L=await g("/v1/explain?"+n.toString()),Pe=""}catch(a){L=null,Pe=a instanceof Error?a.message:String(a)}f()}function ns(e){return e==null||e===""?"\u2013":Array.isArray(e)?o`<ol>${e.map(t=>o`<li>${ns(t)}</li>`)}</ol>`:typeof e=="object"?De(e):String(e)}function De(e){return o`<dl class="facts">${Object.entries(e).map(([t,s])=>o`<div>
    <dt>${t.replaceAll("_"," ")}</dt><dd>${ns(s)}</dd></div>`)}</dl>`}function un(e){let t=e.would==="connect"?"The call would connect.":e.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${e.status??""} ${e.reason??""}`;return o`<p class=${e.would==="refuse"?"failure":"said"} role="status">${t}</p>
    ${e.why===void 0?r:o`<p>${e.why}</p>`}`}function as(){return o`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${e=>void dn(e)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${i.accounts.map(e=>o`<option value=${e.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${Pe===""?r:o`<p class="failure" role="alert">${Pe}</p>`}
    ${L===null?r:o`${un(L)}<div class="columns">
      <div><h2>Route and price</h2>${De(L.plan)}</div>
      ${L.lease===void 0?r:o`<div><h2>Money at the edge</h2>${De(L.lease)}</div>`}
      ${L.limits===void 0?r:o`<div><h2>Limits</h2>${De(L.limits)}</div>`}</div>`}
  </section>`}var he=(e,t)=>{let s=e._$AN;if(s===void 0)return!1;for(let n of s)n._$AO?.(t,!1),he(n,t);return!0},Me=e=>{let t,s;do{if((t=e._$AM)===void 0)break;s=t._$AN,s.delete(e),e=t}while(s?.size===0)},os=e=>{for(let t;t=e._$AM;e=t){let s=t._$AN;if(s===void 0)t._$AN=s=new Set;else if(s.has(e))break;s.add(e),hn(t)}};function mn(e){this._$AN!==void 0?(Me(this),this._$AM=e,os(this)):this._$AM=e}function pn(e,t=!1,s=0){let n=this._$AH,a=this._$AN;if(a!==void 0&&a.size!==0)if(t)if(Array.isArray(n))for(let l=s;l<n.length;l++)he(n[l],!1),Me(n[l]);else n!=null&&(he(n,!1),Me(n));else he(this,e)}var hn=e=>{e.type==Te.CHILD&&(e._$AP??=pn,e._$AQ??=mn)},Be=class extends Q{constructor(){super(...arguments),this._$AN=void 0}_$AT(t,s,n){super._$AT(t,s,n),os(this),this.isConnected=t._$AU}_$AO(t,s=!0){t!==this.isConnected&&(this.isConnected=t,t?this.reconnected?.():this.disconnected?.()),s&&(he(this,t),Me(this))}setValue(t){if(Ct(this._$Ct))this._$Ct._$AI(t,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=t,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var tt=new WeakMap,is=de(class extends Be{render(e){return r}update(e,[t]){let s=t!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=t,this.ht=e.options?.host,this.rt(this.ct=e.element)),r}rt(e){if(this.isConnected||(e=void 0),typeof this.G=="function"){let t=this.ht??globalThis,s=tt.get(t);s===void 0&&(s=new WeakMap,tt.set(t,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,e),e!==void 0&&this.G.call(this.ht,e)}else this.G.value=e}get lt(){return typeof this.G=="function"?tt.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function rs(e){let t=e;t!==void 0&&t.isConnected&&!t.open?t.showModal():t!==void 0&&!t.isConnected&&queueMicrotask(()=>rs(t))}function ls(){i.ending=null,f()}function cs(){let e=i.ending;return e===null?r:o`<dialog ${is(rs)} aria-labelledby="end-title" @close=${ls}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${e.caller}</b> ${e.wall_answer_us>0?"is talking to":"is calling"} <b>${e.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${ls}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void Tt(e)}>End the call</button>
    </div>
  </dialog>`}var fn=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["decks","Decks"],["explain","Explain"]];function G(e,t,s,n=""){return o`<span class="chip ${t===null?"plain":t?"good":"bad"}" title=${n}><i aria-hidden="true"></i><b>${e}</b> ${s}</span>`}function $n(){let e=i.status,t=e?.edge,s=t?.store??e?.web.store,n=s?.state==="ok",a=s===void 0?"unknown":n?"answers":"silent for "+k(s.since_wall_us??Date.now()*1e3);return o`<div class="bar" role="status" aria-label="State of the parts">
    ${G("Live",i.isFollowing,i.isFollowing?"following":"reconnecting\u2026")}
    ${_()&&e!==null?o`
      ${G("Edge",t?.state==="ready",t?.state??"unknown",t?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${G("Ledger",s===void 0?null:n,a,n?"":s?.error??"")}
      ${(e.supervisor.roles??[]).filter(l=>l.name!=="edge").map(l=>G(l.name,l.state==="ready",l.state,`${l.restarts??0} restarts`))}
      ${t?.lease?.bound===void 0?r:G("At risk at most",null,m(t.lease.bound),"What grace can lose while the ledger is silent")}
      ${t?.outbox?.unsettled===void 0?r:G("Unsettled",null,String(t.outbox.unsettled),"Usages that the ledger has not booked yet")}`:r}
    ${_()&&(e?.edge.alerts??[]).length>0?G("Fraud",!1,"suspected: "+(e?.edge.alerts??[]).map(l=>l.account??"#"+l.account_id).join(", ")):r}
    ${i.callsStale?o`<span class="chip bad" title=${y(i.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${k(i.callsAsOfUs)} ago</span>`:r}
    ${i.accountsStale?o`<span class="chip bad" title=${y(i.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${k(i.accountsAsOfUs)} ago</span>`:r}
    ${i.error===""?r:o`<span class="chip bad"><i aria-hidden="true"></i>${i.error}</span>`}
  </div>`}function gn(){let e=i.route[0]??"",t=fn.filter(([s])=>s!=="explain"&&s!=="decks"||_());return o`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${t.map(([s,n])=>o`
      <a href="#/${s}" aria-current=${e===s?"page":"false"}>${n}</a>`)}
    </nav>
    <span class="who">${i.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void xt()}>Log out</button></span>
  </header>`}function vn(){switch(i.route[0]??""){case"accounts":return i.route[1]===void 0?Qt():Zt(i.route[1]);case"cdrs":return Vt();case"refusals":return Wt();case"decks":return ss(i.route[1]);case"explain":return as();default:return zt()}}function ds(){return i.isChecked?i.session===null?Rt():o`${gn()}${$n()}<main>${vn()}</main>
    <p class="toast ${i.note===""?"is-empty":""}" role="status" aria-live="polite">${i.note}</p>
    ${cs()}`:o`<p class="wait">One moment…</p>`}function bn(e){try{return decodeURIComponent(e)}catch{return e}}function us(){i.route=location.hash.replace(/^#\/?/,"").split("/").filter(e=>e!=="").map(bn),i.note="",f()}var st=document.createElement("div");st.id="app";document.body.append(st);_t(()=>ft(ds(),st));addEventListener("hashchange",us);us();At();setInterval(()=>{i.session!==null&&!document.hidden&&f()},1e3);})();
