/**
 * OpenCV.js as a strict Content-Security-Policy allows it.
 *
 * The published file makes functions from text (`new Function`, which 'unsafe-eval' would have to allow), and carries its
 * WebAssembly as base64, which it fetches from a data: address. Here both are rewritten: the four makers of functions become
 * closures that do the same, as Emscripten's own DYNAMIC_EXECUTION=0 writes them, and the binary becomes a file.
 */

export interface OpenCv {
  script: string;
  binary: Uint8Array;
}

/** A part of the script, from one text up to and with another, and what stands there instead. */
interface Rewrite {
  from: string;
  to: string;
  by: string;
}

const NAMED_FUNCTION: Rewrite = {
  from: 'return new Function("body",',
  to: "(body)}",
  by: "return{[name]:function(){return body.apply(this,arguments)}}[name]}",
};

const DYNAMIC_CALLER: Rewrite = {
  from: 'var args=[];for(var i=1;i<signature.length;++i){args.push("a"+i)}var name="dynCall_"',
  to: '"dynCall","rawFunction",body)(dynCall,rawFunction)}',
  by: "return function(){return dynCall.apply(null,[rawFunction].concat(Array.prototype.slice.call(arguments)))}}",
};

const INVOKER: Rewrite = {
  from: 'var argsList="";var argsListWired="";for(var i=0;i<argCount-2;++i)',
  to: "var invokerFunction=new_(Function,args1).apply(null,args2);return invokerFunction}",
  by: `var expected=argCount-2;
return function(){
  if(arguments.length!==expected){
    throwBindingError("function "+humanName+" called with "+arguments.length+" arguments, expected "+expected+" args!");
  }
  var destructors=needsDestructorStack?[]:null;
  var wired=[cppTargetFunc];
  if(isClassMethodFunc){wired.push(argTypes[1]["toWireType"](destructors,this));}
  for(var i=0;i<expected;++i){wired.push(argTypes[i+2]["toWireType"](destructors,arguments[i]));}
  var rv=cppInvokerFunc.apply(null,wired);
  if(needsDestructorStack){runDestructors(destructors);}
  else{
    for(var i=isClassMethodFunc?1:2;i<argTypes.length;++i){
      if(argTypes[i].destructorFunction!==null){argTypes[i].destructorFunction(wired[isClassMethodFunc?i:i-1]);}
    }
  }
  if(returns){return argTypes[0]["fromWireType"](rv);}
};}`,
};

const METHOD_CALLER: Rewrite = {
  from: 'var params=["retType"];var args=[retType];',
  to: "var invokerFunction=new_(Function,params).apply(null,args);",
  by: `var invokerFunction=function(handle,name,destructors,args){
  var offset=0,values=[];
  for(var i=1;i<argCount;++i){values.push(types[i]["readValueFromPointer"](args+offset));offset+=types[i]["argPackAdvance"];}
  var rv=handle[name].apply(handle,values);
  for(var i=1;i<argCount;++i){if(types[i]["deleteObject"]){types[i]["deleteObject"](values[i-1]);}}
  if(!retType.isVoid){return retType["toWireType"](destructors,rv);}
};`,
};

/** Settings (where the binary lies, what to call when ready) come from the worker that loads the script. */
const SETTINGS: Rewrite = {
  from: "if (typeof Module === 'undefined')",
  to: "return cv(Module);",
  by: "return cv(self.openCvSettings);",
};

const BINARY = { from: 'var wasmBinaryFile="data:application/octet-stream;base64,', to: '";', by: 'var wasmBinaryFile="opencv.wasm";' };

/** The published script, taken apart. A text that is not found means another release: an error, never a guess. */
export function takeApart(published: string): OpenCv {
  const start = only(published, BINARY.from, 0);
  const end = published.indexOf(BINARY.to, start + BINARY.from.length);
  const binary = Buffer.from(published.slice(start + BINARY.from.length, end), "base64");
  const bare = published.slice(0, start) + BINARY.by + published.slice(end + BINARY.to.length);
  const script = [NAMED_FUNCTION, DYNAMIC_CALLER, INVOKER, METHOD_CALLER, SETTINGS].reduce(rewrite, bare);
  const left = /\bnew Function\(|\bnew_\(Function\b|\beval\(/.exec(script);
  if (left) throw new Error(`opencv.js still makes functions from text: ${script.slice(left.index, left.index + 60)}`);
  return { script, binary };
}

function rewrite(script: string, part: Rewrite): string {
  const start = only(script, part.from, 0);
  const end = script.indexOf(part.to, start);
  if (end < 0) throw new Error(`opencv.js has no ${part.to} after ${part.from}; it is another release than this build knows`);
  return script.slice(0, start) + part.by + script.slice(end + part.to.length);
}

function only(script: string, text: string, from: number): number {
  const at = script.indexOf(text, from);
  if (at < 0 || script.indexOf(text, at + 1) >= 0) {
    throw new Error(`opencv.js does not have ${text} once; it is another release than this build knows`);
  }
  return at;
}
